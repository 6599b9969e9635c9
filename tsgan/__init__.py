"""tsgan: synthetic price paths from one price file."""
