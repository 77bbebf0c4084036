//! The registry under a seed: clients, workers, time and crashes interleave as a number says, and
//! what was acknowledged is held against what is there. `docs/testing.md` says how to run more of it.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod simulation {
    mod client;
    mod content;
    mod deleting;
    mod machine;
    mod model;
    mod register;
    mod rows;
    mod run;
    mod undeleting;
    mod upkeep;
    mod verify;
    mod world;
}
