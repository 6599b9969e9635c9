"""From a price file to scaled windows: prices, returns, scaling, windows."""
