"""Numbers of people by country, outside those of :mod:`audit.safety.privacy.identities`."""
