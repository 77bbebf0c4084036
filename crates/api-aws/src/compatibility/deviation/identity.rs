//! Where answers of IAM and STS differ from AWS's.

use super::Deviation;

pub(super) const OF_IDENTITY: &[Deviation] = &[
    Deviation {
        place: "Operations of IAM and STS that do not act",
        aws: "Carries them out.",
        here: "Authenticates, validates the input, and answers `InvalidAction`, status 400, with a \
               message that says so. They are about credentials that nothing here takes: SAML, MFA \
               devices, console passwords, certificates, delegation. What lists those of a user \
               says that there are none.",
    },
    Deviation {
        place: "IAM's `GetAccessKeyLastUsed` of an unknown key; STS `GetAccessKeyInfo` of one",
        aws: "`AccessDenied`; the account that the id itself tells.",
        here: "`NoSuchEntity`; `ValidationError`: ids of keys tell nothing here.",
    },
    Deviation {
        place: "The last active root key of an account",
        aws: "Can be deleted: there is a password.",
        here: "`DeleteConflict`, and `InvalidInput` for switching it off: nobody could come in any \
               more.",
    },
    Deviation {
        place: "`GetAccountAuthorizationDetails`",
        aws: "Lists every policy of AWS.",
        here: "Lists those that the account uses. A page ends after 1 MiB of policies.",
    },
    Deviation {
        place: "AWS's managed policies",
        aws: "More than a thousand, with all their versions.",
        here: "Those that concern registries, containers and IAM, each in its current version. The \
               texts of `ReadOnlyAccess` and `ViewOnlyAccess` list the services here alone. Where the \
               `PolicyId` was not to be found it begins with `ANPAWHARFINGER`.",
    },
    Deviation {
        place: "Thumbprints of OpenID Connect providers",
        aws: "Fetched where none is given; hardly ever looked at.",
        here: "Kept as they are given; certificates are verified against the system's CAs, or those \
               of `--oidc-ca`.",
    },
    Deviation {
        place: "OpenID Connect providers inside the network",
        aws: "Must be on the internet.",
        here: "May be named with `--oidc-allow-host`; all others must have public addresses.",
    },
    Deviation {
        place: "Deletion of service-linked roles",
        aws: "Takes its time; the task says how far it is.",
        here: "Done at once; every well-formed task of a known service answers `SUCCEEDED`.",
    },
    Deviation {
        place: "`AssumeRole` refused",
        aws: "The message may say which policy refuses.",
        here: "It never does, so that a role that is not there looks the same; the audit log says \
               it.",
    },
    Deviation {
        place: "`PackedPolicySize`",
        aws: "A compression that is not documented.",
        here: "Bytes of session policies and tags out of 6,144.",
    },
    Deviation {
        place: "`GetAuthorizationToken` of a session",
        aws: "A token of twelve hours, whenever the session ends.",
        here: "The same. What the session's role loses, the token loses at once; a deleted role \
               takes its tokens along.",
    },
    Deviation {
        place: "Trust policies that name a user or role which is deleted",
        aws: "Show its unique id, and trust nobody of that name again.",
        here: "The same, for those of accounts that are kept here.",
    },
    Deviation {
        place: "Organizations",
        aws: "An API of its own, with policies on accounts and units.",
        here: "All accounts of an installation are one organization; `wharfinger account guardrail` \
               sets what service control policies are there, and binds the root of every account.",
    },
];
