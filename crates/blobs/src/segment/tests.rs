//! What a segment is bound to, and that it does not matter how its plaintext came.

use super::*;

#[test]
fn sizes_follow_the_format() {
    let segment = SEGMENT_BYTES as u64;
    for (size, segments) in
        [(0, 1), (1, 1), (segment - 1, 1), (segment, 1), (segment + 1, 2), (5 * segment, 5)]
    {
        assert_eq!(segment_count(size), segments, "{size}");
        assert_eq!(file_bytes(size), 512 + size + 28 * segments, "{size}");
    }
    assert_eq!(segment_offset(2), 512 + 2 * 65_564);
    assert_eq!(file_bytes(u64::MAX), u64::MAX);
}

#[test]
fn a_segment_opens_only_where_it_was_sealed() {
    let digest = Digest::Sha256([5; 32]);
    let other = Digest::Sha512([5; 64]);
    let last = |size_bytes, digest| SegmentKind::Last { size_bytes, digest };
    let key = SegmentKey::new(&DataKey::new([1; 32]), ObjectId::from_bytes([2; 16]));
    let elsewhere = SegmentKey::new(&DataKey::new([1; 32]), ObjectId::from_bytes([3; 16]));
    let mut stored = [0; 3 + SEGMENT_OVERHEAD_BYTES];
    key.seal(4, last(9, &digest), &NO_TAG, [6; 12], &[b"xxx"], &mut stored).unwrap();

    let mut text = [0; 3];
    assert!(key.open(4, last(9, &digest), &NO_TAG, &stored, &mut text).is_ok());
    assert_eq!(&text, b"xxx");
    assert!(key.open(5, last(9, &digest), &NO_TAG, &stored, &mut text).is_err());
    assert!(key.open(4, SegmentKind::Inner, &NO_TAG, &stored, &mut text).is_err());
    assert!(key.open(4, last(8, &digest), &NO_TAG, &stored, &mut text).is_err());
    assert!(key.open(4, last(9, &other), &NO_TAG, &stored, &mut text).is_err());
    assert!(key.open(4, last(9, &digest), &[1; 16], &stored, &mut text).is_err());
    assert!(elsewhere.open(4, last(9, &digest), &NO_TAG, &stored, &mut text).is_err());
    assert!(key.open(4, last(9, &digest), &NO_TAG, &stored[..20], &mut text).is_err());
    assert!(key.open_checkpoint(b"", &stored).is_err());
    let double = key.with_inner(&DataKey::new([7; 32]));
    assert!(double.open(4, last(9, &digest), &NO_TAG, &stored, &mut text).is_err());
}
/// However the plaintext is cut, it is sealed to the same bytes: those that the cipher makes of
/// it in place.
fn assert_cuts_do_not_show(text: &[u8], cuts: &[usize]) {
    let outer = DataKey::new([1; 32]);
    for inner in [None, Some(DataKey::new([2; 32]))] {
        let mut key = SegmentKey::new(&outer, ObjectId::from_bytes([3; 16]));
        let mut expected = text.to_vec();
        if let Some(inner) = &inner {
            key = key.with_inner(inner);
            InnerCipher::new(inner).apply(&[4; 12], &mut expected).unwrap();
        }
        let context = key.context(5, SegmentKind::Inner, &[6; 16]);
        let nonce = Nonce::assume_unique_for_key([4; 12]);
        cipher(&outer).seal_in_place_append_tag(nonce, Aad::from(&context), &mut expected).unwrap();
        let mut parts = Vec::new();
        let mut rest = text;
        for cut in cuts {
            let (part, behind) = rest.split_at(rest.len().min(*cut));
            parts.push(part);
            rest = behind;
        }
        parts.push(rest);
        let mut stored = vec![7; text.len() + SEGMENT_OVERHEAD_BYTES];
        let tag = key.seal(5, SegmentKind::Inner, &[6; 16], [4; 12], &parts, &mut stored).unwrap();
        assert_eq!(stored[..12], [4; 12]);
        assert!(stored[12..] == expected, "{} bytes cut at {cuts:?}", text.len());
        assert_eq!(stored[12 + text.len()..], tag);
        let mut opened = vec![0; text.len()];
        key.open(5, SegmentKind::Inner, &[6; 16], &stored, &mut opened).unwrap();
        assert!(opened == text);
    }
}

#[test]
fn wherever_a_segment_is_cut_it_is_sealed_to_the_same_bytes() {
    let text = crate::conformance::sample(SEGMENT_BYTES, 1);
    for cut in (0..=1100).chain(SEGMENT_BYTES - 1100..=SEGMENT_BYTES) {
        assert_cuts_do_not_show(&text, &[cut]);
    }
    for length in [0, 1, 15, 16, 17, 255, 256, 257, 4095, 65_535] {
        assert_cuts_do_not_show(&text[..length], &[]);
        (0..=length.min(300)).for_each(|cut| assert_cuts_do_not_show(&text[..length], &[cut]));
    }
}

#[test]
fn what_does_not_fit_its_slot_is_refused() {
    let outer = SegmentKey::new(&DataKey::new([1; 32]), ObjectId::from_bytes([2; 16]));
    let double = SegmentKey::new(&DataKey::new([1; 32]), ObjectId::from_bytes([2; 16]))
        .with_inner(&DataKey::new([3; 32]));
    for key in [outer, double] {
        let parts: [&[&[u8]]; 4] = [&[], &[b"abc"], &[b"a", b"bc"], &[b"a", b"b", b"c"]];
        for parts in parts {
            let length = parts.concat().len() + SEGMENT_OVERHEAD_BYTES;
            for room in [0, 11, 12, 27, length - 1, length + 1] {
                let mut slot = vec![0; room];
                let sealed = key.seal(0, SegmentKind::Inner, &NO_TAG, [4; 12], parts, &mut slot);
                assert_eq!(sealed.is_ok(), room == length, "{room} for {length}");
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_cuts_seal_to_the_same_bytes(
        length in 0..=SEGMENT_BYTES,
        cuts in proptest::collection::vec(0..40_000_usize, 0..5),
    ) {
        assert_cuts_do_not_show(&crate::conformance::sample(length, 2), &cuts);
    }
}
