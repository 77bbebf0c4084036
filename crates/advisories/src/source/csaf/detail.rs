//! What a document says of products one by one: how bad, which advisory has the fix, what is planned.

use std::collections::HashMap;

use super::schema::{Flaw, Meta};
use crate::FixStatus;

/// Threats and remediations of a flaw by product: a document may name ten thousand of them.
pub(super) struct Details<'a> {
    impacts: HashMap<&'a str, &'a str>,
    impact_of_others: Option<&'a str>,
    advisories: HashMap<&'a str, &'a str>,
    plans: HashMap<&'a str, FixStatus>,
}

impl<'a> Details<'a> {
    pub(super) fn of(flaw: &'a Flaw, document: &'a Meta) -> Self {
        let mut details = Self {
            impacts: HashMap::new(),
            impact_of_others: document.aggregate_severity.as_ref().map(|it| it.text.as_str()),
            advisories: HashMap::new(),
            plans: HashMap::new(),
        };
        for threat in flaw.threats.iter().filter(|threat| threat.category == "impact") {
            if threat.product_ids.is_empty() {
                details.impact_of_others = Some(&threat.details);
            }
            let products = threat.product_ids.iter().map(String::as_str);
            details.impacts.extend(products.map(|product| (product, threat.details.as_str())));
        }
        for remediation in &flaw.remediations {
            let products = remediation.product_ids.iter().map(String::as_str);
            match remediation.category.as_str() {
                "vendor_fix" => {
                    let advisory = remediation.url.as_deref().and_then(advisory);
                    let advisories = products.filter_map(|product| Some((product, advisory?)));
                    details.advisories.extend(advisories);
                }
                "none_available" | "no_fix_planned" => {
                    let plan = plan(&remediation.details);
                    details.plans.extend(products.map(|product| (product, plan)));
                }
                _ => {}
            }
        }
        details
    }

    /// How bad the vendor takes it for in a product.
    pub(super) fn severity(&self, product: &str) -> Option<&'a str> {
        self.impacts.get(product).copied().or(self.impact_of_others)
    }

    /// The advisory that fixed it in a product.
    pub(super) fn advisory(&self, product: &str) -> Option<String> {
        self.advisories.get(product).map(|name| (*name).to_owned())
    }

    /// What the vendor is going to do about it in a product that has no fix.
    pub(super) fn plan(&self, product: &str) -> FixStatus {
        self.plans.get(product).copied().unwrap_or(FixStatus::Affected)
    }
}

/// An advisory by the last part of its address.
fn advisory(url: &str) -> Option<&str> {
    let name = url.trim_end_matches('/').rsplit('/').next()?;
    (name.starts_with("RH") || name.starts_with("SUSE-")).then_some(name)
}

fn plan(text: &str) -> FixStatus {
    match text.to_ascii_lowercase() {
        text if text.contains("will not fix") => FixStatus::WillNotFix,
        text if text.contains("out of support") => FixStatus::EndOfLife,
        text if text.contains("deferred") => FixStatus::Deferred,
        _ => FixStatus::Affected,
    }
}
