"""A simulated community, to try strategies in: honest about being simple.

There is one market. Own orders meet each other in price-time order, paid as bid, and what is left meets the market
maker, who takes and gives without limit at the feed-in rate and the market-maker rate. Nobody else trades. It shows
whether a strategy does what it is meant to do; what it earns on an exchange, the embedded exchange shows.
"""
