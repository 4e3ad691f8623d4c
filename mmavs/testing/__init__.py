"""Support for tests and for checks against published implementations."""
