//! Trivy's database, written here as bbolt writes it.
