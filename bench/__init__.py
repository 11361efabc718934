"""How fast the portal is, measured on the machine at hand (README.md)."""
