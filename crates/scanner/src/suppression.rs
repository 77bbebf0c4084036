//! Suppression: statements that a vulnerability does not matter in a product, after OpenVEX.
