"""Load, path emulation and reports: how handstream is measured. Nothing here is needed to serve."""
