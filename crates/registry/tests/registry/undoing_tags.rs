//! Undo of tags, and their history: a tag goes back to where it pointed at any time in the window.

use std::time::Duration;

use wharfinger_registry::{Error, ImagePresence, PageRequest, UndoError};

use super::fixture::{Fixture, by_digest, by_tag, permit_for};
use super::undoing::{
    HOUR, WEEK, delete, deleted, describe, forget, history, points_to, tag_of, undelete,
    undelete_tag,
};

#[tokio::test]
async fn a_tag_that_is_taken_stays_unless_it_is_to_be_moved() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let first = fixture.image("app", "one", Some("latest")).await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("v1")).await.unwrap();
    delete(&fixture, by_digest(&first)).await;
    let second = fixture.image("app", "two", Some("latest")).await;
    let back = undelete(&fixture, first).await.unwrap();
    assert_eq!(back.tags, [(tag_of("v1"), first)]);
    assert_eq!(back.elsewhere, [(tag_of("latest"), second)]);
    assert_eq!(points_to(&fixture, "latest").await, Some(second));
    delete(&fixture, by_digest(&first)).await;
    // It had `v1` alone this time.
    let back = fixture.registry.undelete_image(&permit_for("app"), first, true).await.unwrap();
    assert_eq!((back.tags, back.elsewhere), (vec![(tag_of("v1"), first)], vec![]));
    let refused = undelete_tag(&fixture, "latest", None, false).await;
    let Err(UndoError::TagElsewhere { points_to: by_now, wanted, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((by_now, wanted), (second, first));
    let back = undelete_tag(&fixture, "latest", None, true).await.unwrap();
    assert_eq!((back.images, back.tags), (vec![], vec![(tag_of("latest"), first)]));
    assert_eq!(points_to(&fixture, "latest").await, Some(first));
    let there = describe(&fixture).await;
    assert_eq!(there.len(), 2, "what the tag has left stays");
}

#[tokio::test]
async fn an_immutable_tag_is_not_moved_back() {
    let fixture = Fixture::with_repository("IMMUTABLE").await;
    let first = fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, by_tag("v1")).await;
    let second = fixture.image("app", "two", Some("v1")).await;
    for move_tags in [false, true] {
        let refused = undelete_tag(&fixture, "v1", None, move_tags).await;
        let Err(UndoError::Registry(error @ Error::ImageTagAlreadyExists { .. })) = refused else {
            panic!("{refused:?}")
        };
        assert!(error.to_string().contains("because the tag is immutable"), "{error}");
    }
    let refused = fixture.registry.undelete_image(&permit_for("app"), first, true).await;
    let refusal = UndoError::Registry(Error::ImageTagAlreadyExists {
        tag: tag_of("v1"),
        name: "app".parse().unwrap(),
    });
    assert_eq!(refused.unwrap_err().to_string(), refusal.to_string());
    assert_eq!(describe(&fixture).await.len(), 1, "nothing is done by halves");
    let back = undelete(&fixture, first).await.unwrap();
    assert_eq!(back.elsewhere, [(tag_of("v1"), second)]);
    delete(&fixture, by_tag("v1")).await;
    undelete_tag(&fixture, "v1", None, false).await.unwrap();
    assert_eq!(points_to(&fixture, "v1").await, Some(second), "the last one");
}

#[tokio::test]
async fn a_tag_goes_back_to_any_time_in_the_window() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut images = Vec::new();
    for content in ["one", "two", "three"] {
        fixture.clock.advance(HOUR);
        images.push((fixture.image("app", content, Some("latest")).await, fixture.now()));
    }
    fixture.clock.advance(HOUR);
    delete(&fixture, by_digest(&images[0].0)).await;
    delete(&fixture, by_tag("latest")).await;
    let gone = fixture.now();
    fixture.clock.advance(HOUR);
    let unknown = undelete_tag(&fixture, "latest", Some(gone), false).await;
    assert!(matches!(unknown, Err(UndoError::TagUnknown(_))), "{unknown:?}");
    let early = images[0].1.minus(HOUR);
    let unknown = undelete_tag(&fixture, "latest", Some(early), false).await;
    assert!(matches!(unknown, Err(UndoError::TagUnknown(_))), "{unknown:?}");
    let unknown = undelete_tag(&fixture, "never", None, false).await;
    assert!(matches!(unknown, Err(UndoError::TagUnknown(_))), "{unknown:?}");
    undelete_tag(&fixture, "latest", None, false).await.unwrap();
    assert_eq!(points_to(&fixture, "latest").await, Some(images[2].0), "the last state");
    for (digest, at) in &images[..2] {
        let back = undelete_tag(&fixture, "latest", Some(at.plus(HOUR / 2)), true).await.unwrap();
        assert_eq!(back.tags, [(tag_of("latest"), *digest)]);
    }
    let there = undelete_tag(&fixture, "latest", Some(images[1].1), true).await;
    assert!(matches!(there, Err(UndoError::TagThere { .. })), "{there:?}");
}

#[tokio::test]
async fn a_deleted_tag_of_an_image_with_others_comes_back() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("latest")).await.unwrap();
    delete(&fixture, by_tag("latest")).await;
    let back = undelete_tag(&fixture, "latest", None, false).await.unwrap();
    assert_eq!((back.images, back.tags), (vec![], vec![(tag_of("latest"), digest)]));
    assert_eq!(describe(&fixture).await[0].tags.len(), 2);
}

#[tokio::test]
async fn with_undo_off_nothing_is_kept() {
    let fixture = Fixture::with_repository("MUTABLE").await.with_undo_window(Duration::ZERO);
    let first = fixture.image("app", "one", Some("v1")).await;
    fixture.image("app", "two", Some("v1")).await;
    delete(&fixture, by_digest(&first)).await;
    assert_eq!(deleted(&fixture).await, []);
    let gone = undelete(&fixture, first).await;
    assert!(matches!(gone, Err(UndoError::ImageGone(_))), "{gone:?}");
    let states = history(&fixture, "v1").await;
    assert_eq!(states.len(), 1, "where it points is known all the same: {states:?}");
    // What happened meanwhile is as well known as it can be when it is switched on.
    let second = points_to(&fixture, "v1").await;
    let fixture = fixture.with_undo_window(WEEK);
    fixture.clock.advance(HOUR);
    delete(&fixture, by_tag("v1")).await;
    let states = history(&fixture, "v1").await;
    let seen: Vec<_> = states.iter().map(|state| (state.digest, state.cause.as_str())).collect();
    assert_eq!(seen, [(None, "wharfinger"), (second, "unknown")]);
    assert_eq!(states[1].since, fixture.now().minus(HOUR));
}

#[tokio::test]
async fn what_is_over_is_forgotten_in_steps() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for number in 0..5 {
        let digest = fixture.image("app", &format!("{number}"), Some("latest")).await;
        delete(&fixture, by_digest(&digest)).await;
    }
    fixture.clock.advance(WEEK - HOUR);
    assert!(!fixture.registry.expire_undo(2).await.unwrap());
    assert_eq!(deleted(&fixture).await.len(), 5);
    fixture.clock.advance(HOUR);
    assert!(fixture.registry.expire_undo(2).await.unwrap());
    assert_eq!(deleted(&fixture).await.len(), 3);
    while fixture.registry.expire_undo(2).await.unwrap() {}
    assert_eq!(deleted(&fixture).await, []);
    assert_eq!(history(&fixture, "latest").await, []);
}

#[tokio::test]
async fn history_tells_what_a_tag_pointed_to_since_when_and_whether_it_is_there() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let start = fixture.now();
    let mut images = Vec::new();
    for content in ["one", "two", "three"] {
        images.push(fixture.image("app", content, Some("latest")).await);
        fixture.clock.advance(HOUR);
    }
    delete(&fixture, by_digest(&images[0])).await;
    delete(&fixture, by_digest(&images[1])).await;
    forget(&fixture, images[1]).await;
    let states = history(&fixture, "latest").await;
    let until = fixture.now().plus(WEEK);
    let presence = [ImagePresence::Present, ImagePresence::Gone, ImagePresence::Deleted { until }];
    for (number, (state, presence)) in states.iter().zip(presence).enumerate() {
        let hours = 2 - u32::try_from(number).unwrap();
        assert_eq!(state.since, start.plus(HOUR * hours));
        assert_eq!(state.digest, Some(images[2 - number]));
        assert_eq!(state.presence, Some(presence));
        assert_eq!(state.cause, "wharfinger");
    }
    let (mut pages, mut page) = (Vec::new(), PageRequest::default());
    page.max_results = Some(1);
    loop {
        let (permit, latest) = (permit_for("app"), tag_of("latest"));
        let next = fixture.registry.tag_history(&permit, latest, &page).await.unwrap();
        pages.extend(next.items);
        page.next_token = next.next_token;
        if page.next_token.is_none() {
            break;
        }
    }
    assert_eq!(pages, states);
    // A week later what held at its beginning is still known, and nothing before.
    fixture.clock.advance(WEEK - HOUR - HOUR / 2);
    fixture.registry.collect_garbage().await.unwrap();
    for (hours, expected) in [(0, None), (1, Some(images[1])), (2, Some(images[2]))] {
        let (permit, at) = (permit_for("app"), start.plus(HOUR * hours));
        let state = fixture.registry.tag_state_at(&permit, tag_of("latest"), at).await.unwrap();
        assert_eq!(state.and_then(|state| state.digest), expected, "{hours}");
    }
}
