//! Under which name a route is recorded: that of the operation of ECR's API that AWS records for
//! it, where there is one.

use http::StatusCode;
use http::request::Parts;
use wharfinger_audit::Effect;
use wharfinger_oci::{ErrorCode, Route};

use super::query_parameter;
use crate::routing::Verb;

/// An operation as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    /// The operations that the same request carried out before.
    pub(super) also_performed: &'static [&'static str],
    /// Whether it is beside public registries.
    pub(super) is_public: bool,
}

/// A method that a route does not have, or a path that is none.
pub(super) const UNKNOWN: Operation =
    Operation { is_public: false, ..Operation::reading("UnknownOperation") };

impl Operation {
    /// What is served beside public registries.
    pub(super) const fn reading(name: &'static str) -> Self {
        Self { name, effect: Effect::Reads, also_performed: &[], is_public: true }
    }

    /// The operation of a route and a method.
    pub(super) fn of(route: &Route, head: &Parts) -> Self {
        let (name, effect) = match (route, Verb::of(&head.method)) {
            (Route::Base, Verb::Get | Verb::Head) => ("CheckLogin", Effect::Reads),
            (Route::Catalog, Verb::Get | Verb::Head) => ("DescribeRepositories", Effect::Reads),
            (Route::TagsList { .. }, Verb::Get | Verb::Head) => ("ListImages", Effect::Reads),
            (Route::Manifest { .. }, Verb::Get | Verb::Head) => ("BatchGetImage", Effect::Reads),
            (Route::Manifest { .. }, Verb::Put) => ("PutImage", Effect::Writes),
            (Route::Manifest { .. }, Verb::Delete) => ("BatchDeleteImage", Effect::Writes),
            (Route::Blob { .. }, Verb::Get) => ("GetDownloadUrlForLayer", Effect::Reads),
            (Route::Blob { .. }, Verb::Head) => ("BatchCheckLayerAvailability", Effect::Reads),
            (Route::Blob { .. }, Verb::Delete) => ("DeleteLayer", Effect::Writes),
            (Route::BlobUploads { .. }, Verb::Post) => return Self::of_post(head),
            (Route::BlobUpload { .. }, Verb::Get | Verb::Head) => {
                ("DescribeLayerUpload", Effect::Reads)
            }
            (Route::BlobUpload { .. }, Verb::Patch) => ("UploadLayerPart", Effect::Prepares),
            (Route::BlobUpload { .. }, Verb::Put) => ("CompleteLayerUpload", Effect::Writes),
            (Route::BlobUpload { .. }, Verb::Delete) => ("CancelLayerUpload", Effect::Prepares),
            (Route::Referrers { .. }, Verb::Get | Verb::Head) => {
                ("ListImageReferrers", Effect::Reads)
            }
            _ => return UNKNOWN,
        };
        Self { name, effect, ..UNKNOWN }
    }

    /// A session is begun, or the whole layer is in the body.
    fn of_post(head: &Parts) -> Self {
        let has = |name| query_parameter(head, name).is_some();
        if has("digest") && !has("mount") {
            let also_performed = &["InitiateLayerUpload", "UploadLayerPart"];
            return Self {
                name: "CompleteLayerUpload",
                effect: Effect::Writes,
                also_performed,
                ..UNKNOWN
            };
        }
        Self { name: "InitiateLayerUpload", effect: Effect::Prepares, ..UNKNOWN }
    }
}

/// The exception of ECR's API that a code of `/v2` stands for.
pub(super) fn error_code(status: StatusCode, code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BlobUploadInvalid if status == StatusCode::RANGE_NOT_SATISFIABLE => {
            "InvalidLayerPartException"
        }
        ErrorCode::BlobUploadInvalid => "InvalidLayerException",
        ErrorCode::BlobUploadUnknown => "UploadNotFoundException",
        ErrorCode::BlobUnknown | ErrorCode::ManifestBlobUnknown => "LayersNotFoundException",
        ErrorCode::Denied if status == StatusCode::UNAUTHORIZED => "Unauthorized",
        ErrorCode::Denied => "AccessDenied",
        ErrorCode::ManifestUnknown => "ImageNotFoundException",
        ErrorCode::NameUnknown => "RepositoryNotFoundException",
        ErrorCode::TagInvalid => "ImageTagAlreadyExistsException",
        ErrorCode::TooManyRequests => "ThrottlingException",
        ErrorCode::Unauthorized => "Unauthorized",
        ErrorCode::Unavailable | ErrorCode::Unknown => "ServerException",
        ErrorCode::DigestInvalid
        | ErrorCode::ManifestInvalid
        | ErrorCode::ManifestUnverified
        | ErrorCode::NameInvalid
        | ErrorCode::PaginationNumberInvalid
        | ErrorCode::RangeInvalid
        | ErrorCode::SizeInvalid
        | ErrorCode::Unsupported => "InvalidParameterException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Operation {
        let request = http::Request::builder().method(method).uri(path).body(()).unwrap();
        let head = request.into_parts().0;
        Operation::of(&Route::parse(head.uri.path()).unwrap(), &head)
    }

    #[test]
    fn a_layer_in_one_request_is_three_operations() {
        let whole = operation("POST", "/v2/app/blobs/uploads/?digest=sha256:0a");
        assert_eq!(whole.name, "CompleteLayerUpload");
        assert_eq!(whole.also_performed, ["InitiateLayerUpload", "UploadLayerPart"]);
        let mounted = operation("POST", "/v2/app/blobs/uploads/?digest=x&mount=y");
        assert_eq!((mounted.name, mounted.also_performed.len()), ("InitiateLayerUpload", 0));
    }

    #[test]
    fn a_method_that_a_route_has_not_is_no_operation() {
        assert_eq!(operation("POST", "/v2/app/manifests/v1"), UNKNOWN);
        assert_eq!(operation("BREW", "/v2/"), UNKNOWN);
    }
}
