//! Lifecycle policy previews and what they found.
