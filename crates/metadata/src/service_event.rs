//! What the registry did by itself, on its way to the audit log.
