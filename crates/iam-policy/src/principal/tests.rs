//! Tests of how policies name principals.

use super::*;
