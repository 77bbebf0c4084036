//! The members of an SPDX document that are written or read.

use serde::{Deserialize, Serialize};

use crate::sbom::license::NO_ASSERTION;

/// A document, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) spdx_version: &'static str,
    pub(super) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) document_namespace: String,
    pub(super) creation_info: CreationInfo,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) has_extracted_licensing_infos: Vec<ExtractedLicense>,
    pub(super) packages: Vec<SpdxPackage>,
    pub(super) relationships: Vec<Relationship>,
}

#[derive(Serialize)]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: Vec<String>,
}

/// A licence that the document defines.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtractedLicense {
    #[serde(default)]
    pub(super) license_id: String,
    #[serde(default)]
    pub(super) extracted_text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl ExtractedLicense {
    pub(super) fn new((license_id, text): (String, &str)) -> Self {
        let name = Some(text.to_owned());
        Self { license_id, extracted_text: text.to_owned(), name }
    }
}

/// A package, as it is written and read; empty members are left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxPackage {
    #[serde(rename = "SPDXID", default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version_info: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) supplier: Option<String>,
    #[serde(default)]
    pub(super) download_location: String,
    #[serde(default)]
    pub(super) files_analyzed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) license_declared: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source_info: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) primary_package_purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) external_refs: Vec<ExternalRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) annotations: Vec<Annotation>,
    #[serde(default, skip_serializing)]
    pub(super) attribution_texts: Vec<String>,
}

impl SpdxPackage {
    pub(super) fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            download_location: NO_ASSERTION.to_owned(),
            ..Self::default()
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalRef {
    #[serde(default)]
    pub(super) reference_category: String,
    #[serde(default)]
    pub(super) reference_type: String,
    #[serde(default)]
    pub(super) reference_locator: String,
}

impl ExternalRef {
    pub(super) fn purl(url: String) -> Self {
        Self {
            reference_category: "PACKAGE-MANAGER".to_owned(),
            reference_type: "purl".to_owned(),
            reference_locator: url,
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotation {
    #[serde(default)]
    pub(super) annotation_date: String,
    #[serde(default)]
    pub(super) annotation_type: String,
    #[serde(default)]
    pub(super) annotator: String,
    #[serde(default)]
    pub(super) comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship {
    pub(super) spdx_element_id: String,
    pub(super) relationship_type: &'static str,
    pub(super) related_spdx_element: String,
}

impl Relationship {
    pub(super) fn new(of: &str, relationship_type: &'static str, to: &str) -> Self {
        Self {
            spdx_element_id: of.to_owned(),
            relationship_type,
            related_spdx_element: to.to_owned(),
        }
    }
}
