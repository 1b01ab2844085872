"""Generating communities: plausible homes, weather and forecasts for a place and some days, from one seed."""
