//! Pull through cache rules.
