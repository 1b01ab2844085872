"""The embedded exchange: communities, markets, matching, fees and settlement, in process."""
