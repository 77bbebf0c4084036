//! The Query protocol (STS, IAM): flat parameters in, XML out.

mod params;
mod xml;

pub use params::{FORM_BYTES_MAX, PARAMETERS_MAX, Params, QueryError};
pub use xml::{CONTENT_TYPE, XmlBody, error, success, success_without_result};
