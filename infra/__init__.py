"""Settings, errors, logs, file store, outgoing HTTP; and how the system is deployed."""
