"""What was built for examples/shop, in containers: an Envoy for each gateway and for each endpoint behind them."""
