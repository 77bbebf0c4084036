//! The wire of AWS, without any of its services: Signature Version 4, JSON 1.1 and Query/XML.
//!
//! The edges call this to read a request's credentials and members and to write its answer.
//! Nothing here does I/O, reads a clock or looks up a key: bytes, the time and the secret are
//! handed in.

pub mod answer;
pub mod json;
pub mod query;
pub mod sigv4;

pub use answer::Answer;
