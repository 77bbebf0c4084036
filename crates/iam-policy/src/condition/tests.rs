//! Tests of when conditions hold.

use super::*;
