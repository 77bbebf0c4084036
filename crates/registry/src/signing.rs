//! Signing: its configuration and its status.
