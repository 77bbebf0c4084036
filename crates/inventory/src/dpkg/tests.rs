//! Tests of `dpkg`.
