"""How the answer is told: terminal tables, charts, one HTML file."""
