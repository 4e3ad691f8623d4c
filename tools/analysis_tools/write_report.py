"""Write one HTML page about a finished run: metrics of all conditions, training curves and pictures of test clips."""
