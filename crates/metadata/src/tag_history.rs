//! What tags have pointed to, and since when.
