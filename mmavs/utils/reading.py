"""What to say about a file that cannot be opened."""


def unreadable(
    what: str, path: str, error: OSError, remedy: str = 'restore it or leave its clip out'
) -> OSError | ValueError:
    """Turn the error of ``open`` or ``read`` into one that names the file and says what to do.

    Args:
        what: Kind of file, for example ``'frame'``.
        path: The file.
        error: What the operating system said.
        remedy: What to do about a missing file.

    Returns:
        ``FileNotFoundError`` where there is no such file (or a folder in its place), else ``ValueError``: permissions, a
        loop of links, a failing disk. To be raised by the caller.
    """
    if isinstance(error, IsADirectoryError):
        return FileNotFoundError(f'{what} file {path!r} does not exist: a folder has its name; {remedy}')
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileNotFoundError(f'{what} file {path!r} does not exist; {remedy}')
    return ValueError(
        f'{what} file {path!r} cannot be read ({error.strerror or error}); check permissions, links and disk'
    )
