"""Communities from meter data: CSV files with a column per meter become a folder that can be traded at once."""
