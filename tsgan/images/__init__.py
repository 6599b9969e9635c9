"""Images of 28 × 28 grey pixels: networks, data and judge for the core that also learns series."""
