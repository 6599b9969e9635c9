"""Readers: from a price file to scaled windows, and images with their classes."""
