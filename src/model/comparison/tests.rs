//! What counts as a change, and which key is which.

use super::super::record::Marks;
use super::*;

fn verdict(outcome: Outcome, scheme: &str, ckr: &str) -> Verdict {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Verdict {
        outcome,
        scheme: some(scheme),
        route: None,
        stage: some(ckr).map(|_| "sign".into()),
        ckr: some(ckr),
        alert: None,
        lost: None,
    }
}

fn pass(scheme: &str) -> Verdict {
    verdict(Outcome::Pass, scheme, "")
}

fn fail(ckr: &str) -> Verdict {
    verdict(Outcome::Fail, "rsa_pss_rsae_sha256", ckr)
}

fn key(id: &str, marks: [&str; 4]) -> KeyRecord {
    let [public_key, cka_id, label, token] = marks.map(str::to_owned);
    KeyRecord {
        id: id.into(),
        name: label.clone(),
        kind: "RSA-2048".into(),
        marks: Marks {
            public_key: Some(public_key).filter(|hash| !hash.is_empty()),
            certificate: None,
            cka_id,
            label,
            token_serial: format!("serial of {token}"),
            token_label: "card".into(),
        },
    }
}

fn cell(key: &str, profile: &str, verdict: Verdict) -> CellRecord {
    CellRecord {
        key: key.into(),
        profile: profile.into(),
        version: TlsVersion::V1_2,
        client: "firefox".into(),
        verdict,
    }
}

fn finding(id: &str, title: &str, cells: &[usize]) -> FindingRecord {
    FindingRecord {
        id: id.into(),
        severity: "error".into(),
        title: title.into(),
        cells: cells.to_vec(),
    }
}

fn record(keys: &[KeyRecord], cells: &[CellRecord], findings: &[FindingRecord]) -> Record {
    Record {
        origin: Origin::default(),
        keys: keys.to_vec(),
        cells: cells.to_vec(),
        findings: findings.to_vec(),
    }
}

fn one(verdict: Verdict) -> Record {
    let keys = [key("k1", ["a", "01", "login", "1"])];
    record(&keys, &[cell("k1", "nss", verdict)], &[])
}

fn compared(before: &Record, now: &Record) -> Comparison {
    Comparison::new(before, now, Scope::Everything)
}

/// For one cell.
fn direction(was: Verdict, now: Verdict) -> Option<Direction> {
    let comparison = compared(&one(was), &one(now));
    assert_eq!(comparison.compared, 1);
    comparison.changes.first().map(|change| change.direction)
}

#[test]
fn a_change_is_for_better_or_worse_or_neither() {
    assert_eq!(
        direction(pass("pss"), fail("CKR_DEVICE_ERROR")),
        Some(Direction::Worse)
    );
    assert_eq!(
        direction(fail("CKR_DEVICE_ERROR"), pass("pss")),
        Some(Direction::Better)
    );
    let other = direction(fail("CKR_MECHANISM_INVALID"), fail("CKR_DEVICE_ERROR"));
    assert_eq!(other, Some(Direction::Otherwise));
    assert_eq!(
        direction(pass("pss"), pass("pkcs1")),
        Some(Direction::OtherWay)
    );
    assert_eq!(
        direction(fail("CKR_DEVICE_ERROR"), fail("CKR_DEVICE_ERROR")),
        None
    );
}

#[test]
fn what_was_skipped_in_either_run_is_not_compared() {
    let skipped = || verdict(Outcome::Skipped, "", "");
    for (was, now) in [
        (skipped(), fail("CKR_DEVICE_ERROR")),
        (pass("pss"), skipped()),
    ] {
        let comparison = compared(&one(was), &one(now));
        assert_eq!((comparison.compared, comparison.changes.len()), (0, 0));
    }
}

/// Pairs of ids, and what they were known by.
fn same(before: &[KeyRecord], now: &[KeyRecord]) -> Vec<(String, String, By)> {
    let comparison = compared(&record(before, &[], &[]), &record(now, &[], &[]));
    let same = comparison.keys.iter();
    same.map(|key| (key.before.clone(), key.now.clone(), key.by))
        .collect()
}

#[test]
fn a_key_is_known_again_in_another_place_of_the_list_under_another_id_and_on_another_token() {
    let before = [
        key("k1", ["a", "01", "x", "1"]),
        key("k2", ["b", "02", "y", "1"]),
    ];
    let now = [
        key("k1", ["b", "0a", "z", "2"]),
        key("k2", ["a", "01", "x", "1"]),
    ];
    let pair = |was: &str, is: &str, by| (was.to_owned(), is.to_owned(), by);
    let expected = [
        pair("k2", "k1", By::PublicKey),
        pair("k1", "k2", By::PublicKey),
    ];
    assert_eq!(same(&before, &now), expected);
}

#[test]
fn a_key_without_a_public_half_is_known_by_its_id_on_the_same_token_and_else_by_its_place() {
    let by = |now: KeyRecord| {
        same(&[key("k1", ["", "01", "x", "1"])], &[now])
            .pop()
            .map(|pair| pair.2)
    };
    assert_eq!(
        by(key("k1", ["", "01", "renamed", "1"])),
        Some(By::IdAndSerial)
    );
    assert_eq!(by(key("k1", ["", "01", "x", "2"])), Some(By::Place));
    assert_eq!(by(key("k1", ["", "01", "renamed", "2"])), None);
    assert_eq!(by(key("k1", ["", "", "renamed", "1"])), None);
}

#[test]
fn another_key_in_the_same_place_is_compared_and_said_to_be_another() {
    let before = record(&[key("k1", ["a", "01", "x", "1"])], &[], &[]);
    let now = record(&[key("k1", ["b", "01", "x", "1"])], &[], &[]);
    assert!(compared(&before, &now).keys[0].replaced);
    assert!(!compared(&now, &now).keys[0].replaced);
}

#[test]
fn two_objects_of_one_key_stay_apart() {
    let twins = [
        key("k1", ["a", "01", "x", "1"]),
        key("k2", ["a", "02", "x", "1"]),
    ];
    let swapped = [
        key("k1", ["a", "02", "x", "1"]),
        key("k2", ["a", "01", "x", "1"]),
    ];
    let pairs: Vec<_> = same(&twins, &swapped)
        .into_iter()
        .map(|(was, is, _)| (was, is))
        .collect();
    assert_eq!(
        pairs,
        [
            ("k2".to_owned(), "k1".to_owned()),
            ("k1".into(), "k2".into())
        ]
    );
}

#[test]
fn keys_come_and_go_but_not_those_that_were_not_asked_for() {
    let before = record(
        &[
            key("k1", ["a", "01", "x", "1"]),
            key("k2", ["b", "02", "y", "2"]),
        ],
        &[],
        &[],
    );
    let now = record(
        &[
            key("k1", ["a", "01", "x", "1"]),
            key("k2", ["c", "03", "z", "1"]),
        ],
        &[],
        &[],
    );
    let names = |keys: &[KeyRecord]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    let comparison = compared(&before, &now);
    assert_eq!(names(&comparison.new_keys), ["z"]);
    assert_eq!(names(&comparison.gone_keys), ["y"]);
    for scope in [Scope::NamedTokens, Scope::NamedKeys] {
        assert_eq!(Comparison::new(&before, &now, scope).gone_keys, []);
    }
}

#[test]
fn findings_are_known_by_title_or_else_by_how_many_there_are() {
    let with = |findings: &[FindingRecord]| Record {
        findings: findings.to_vec(),
        ..one(pass("pss"))
    };
    let before = with(&[
        finding("a", "of key x", &[0]),
        finding("b", "of key x", &[0]),
    ]);
    let now = with(&[
        finding("a", "of key x, better said", &[0]),
        finding("a", "of key y", &[0]),
    ]);
    let comparison = compared(&before, &now);
    let new: Vec<usize> = comparison.new_findings.iter().map(|(at, _)| *at).collect();
    assert_eq!(new, [1]);
    assert_eq!(comparison.gone_findings, [finding("b", "of key x", &[0])]);
}

#[test]
fn a_finding_about_cells_that_were_left_out_is_not_gone() {
    let keys = [key("k1", ["a", "01", "login", "1"])];
    let cells = [
        cell("k1", "nss", pass("pss")),
        cell("k1", "go", fail("CKR_DEVICE_ERROR")),
    ];
    let before = record(&keys, &cells, &[finding("a", "about go", &[1])]);
    let now = record(&keys, &cells[..1], &[]);
    assert!(compared(&before, &now).is_empty());
}
