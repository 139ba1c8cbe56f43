"""How the model's numbers are obtained: microbenchmarks, curve fitting, profiles, published facts."""
