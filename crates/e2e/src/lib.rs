//! What the tests with real clients are made of: a server as a process of its own, clients as they
//! come from their makers, and plain HTTP where a client would hide what is on the wire.
//!
//! The tests are in `tests/e2e/`. Nothing here knows the server's code; it meets the program, its
//! addresses and its files only. What goes wrong in here is a failed test, so it panics and says
//! what it was.

pub mod api;
pub mod client;
pub mod connection;
pub mod container;
pub mod distribution;
pub mod docker;
pub mod http;
pub mod image;
pub mod leash;
pub mod machine;
pub mod object;
pub mod program;
pub mod scratch;
pub mod seed;
pub mod server;
pub mod shell;
pub mod traffic;
pub mod wait;
