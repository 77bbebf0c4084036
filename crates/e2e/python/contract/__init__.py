"""The whole contract: every operation through real clients, every answer held against the model."""
