//! Bills of materials: an inventory as CycloneDX 1.6 and SPDX 2.3, and back.
