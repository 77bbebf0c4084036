//! Referrers of an image.
