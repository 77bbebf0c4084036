//! The decision table, written down a second time as rules that name no code of the first.

use wharfinger_iam_policy::Decision::{Allow, ExplicitDeny, ImplicitDeny};

use super::*;

const DECISIONS: [Decision; 3] = [Allow, ExplicitDeny, ImplicitDeny];
const BOUNDS: [Option<Decision>; 4] = [None, Some(Allow), Some(ExplicitDeny), Some(ImplicitDeny)];
const RESOURCES: [Option<ResourceDecision>; 6] = [
    None,
    Some(ResourceDecision::ImplicitDeny),
    Some(ResourceDecision::ExplicitDeny),
    Some(ResourceDecision::Allow { naming: Naming::Account }),
    Some(ResourceDecision::Allow { naming: Naming::Shared }),
    Some(ResourceDecision::Allow { naming: Naming::Itself }),
];
const PLACES: [Place; 4] = [
    Place::SameAccount,
    Place::OtherAccount,
    Place::Role { is_own: true },
    Place::Role { is_own: false },
];

/// Whether the request may go on, as the user guide has it.
fn may(says: &Says) -> bool {
    let bounds = [says.boundary, says.session, says.guardrails];
    let denied = says.identity == ExplicitDeny
        || bounds.contains(&Some(ExplicitDeny))
        || says.resource.contains(&Some(ResourceDecision::ExplicitDeny));
    if denied || says.guardrails == Some(ImplicitDeny) {
        return false;
    }
    let bounded = says.boundary != Some(ImplicitDeny) && says.session != Some(ImplicitDeny);
    let own_side = says.identity == Allow && bounded;
    let opened = |naming| says.resource.contains(&Some(ResourceDecision::Allow { naming }));
    let itself = opened(Naming::Itself);
    let shared = opened(Naming::Shared) && bounded;
    let theirs = itself || opened(Naming::Shared) || opened(Naming::Account);
    match says.place {
        Place::SameAccount => own_side || itself || shared,
        Place::OtherAccount | Place::Role { is_own: false } => own_side && theirs,
        Place::Role { is_own: true } => itself || shared || (own_side && theirs),
    }
}

#[test]
fn every_combination_is_decided_as_the_user_guide_has_it() {
    let mut combinations = 0;
    for identity in DECISIONS {
        for boundary in BOUNDS {
            for session in BOUNDS {
                for guardrails in BOUNDS {
                    for first in RESOURCES {
                        for second in RESOURCES {
                            for place in PLACES {
                                let resource = [first, second];
                                let says = Says {
                                    identity,
                                    boundary,
                                    session,
                                    guardrails,
                                    resource,
                                    place,
                                };
                                assert_eq!(says.denial().is_none(), may(&says), "{says:?}");
                                combinations += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 3 * 64 * 36 * 4);
}

const SAYS: Says = Says {
    identity: Allow,
    boundary: Some(Allow),
    session: Some(Allow),
    guardrails: Some(Allow),
    resource: [None, None],
    place: Place::SameAccount,
};

#[test]
fn a_refusal_names_the_kind_that_refused() {
    use DenialReason::{Explicit, Implicit};
    let no = Some(ImplicitDeny);
    let deny = Some(ExplicitDeny);
    let denies = Some(ResourceDecision::ExplicitDeny);
    for (says, reason) in [
        (Says { identity: ImplicitDeny, ..SAYS }, Implicit(PolicyType::IdentityBased)),
        (Says { boundary: no, ..SAYS }, Implicit(PolicyType::PermissionsBoundary)),
        (Says { session: no, ..SAYS }, Implicit(PolicyType::Session)),
        (Says { guardrails: no, ..SAYS }, Implicit(PolicyType::ServiceControl)),
        (Says { guardrails: no, session: no, ..SAYS }, Implicit(PolicyType::ServiceControl)),
        (Says { identity: ExplicitDeny, ..SAYS }, Explicit(PolicyType::IdentityBased)),
        (
            Says { boundary: deny, guardrails: no, ..SAYS },
            Explicit(PolicyType::PermissionsBoundary),
        ),
        (Says { session: deny, ..SAYS }, Explicit(PolicyType::Session)),
        (Says { guardrails: deny, ..SAYS }, Explicit(PolicyType::ServiceControl)),
        (Says { resource: [None, denies], ..SAYS }, Explicit(PolicyType::ResourceBased)),
        (Says { place: Place::OtherAccount, ..SAYS }, Implicit(PolicyType::ResourceBased)),
        (Says { place: Place::Role { is_own: true }, ..SAYS }, Implicit(PolicyType::RoleTrust)),
        (
            Says { identity: ImplicitDeny, place: Place::Role { is_own: false }, ..SAYS },
            Implicit(PolicyType::IdentityBased),
        ),
    ] {
        assert_eq!(says.denial(), Some(reason), "{says:?}");
    }
    assert_eq!(SAYS.denial(), None);
}
