"""How messages leave: one module a channel, each `send(settings, payload, message_id)`."""
