//! What changed between two runs, in sentences that every format tells in its own way.

use super::prose::result;
use super::style::{Screen, counted, printable};
use super::table::scope::{Place, lines_of};
use crate::model::comparison::{Change, Comparison, Direction, SameKey};
use crate::model::record::{FindingRecord, KeyRecord, Origin};

/// One change, and where.
pub(super) struct Told {
    kind: Kind,
    pub(super) text: String,
    pub(super) places: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bad,
    Good,
    Plain,
}

impl Told {
    fn new(kind: Kind, text: String) -> Told {
        Told {
            kind,
            text,
            places: Vec::new(),
        }
    }

    /// Before the text: a symbol and a blank, or nothing.
    pub(super) fn mark(&self, screen: &Screen) -> String {
        match self.kind {
            Kind::Bad => format!("{} ", screen.cross()),
            Kind::Good => format!("{} ", screen.tick()),
            Kind::Plain => String::new(),
        }
    }
}

/// The changes as a part of a table.
pub(super) fn render(comparison: &Comparison, screen: &Screen) -> String {
    let mut text = screen.heading(&screen.wrap(0, &heading(comparison))) + "\n";
    for told in told(comparison, screen) {
        let first = format!("  {}", told.mark(screen));
        let lines = screen.fill(&first, "    ", &printable(&told.text)) + "\n";
        text.push_str(&screen.colour_symbols(&lines));
        for place in &told.places {
            text.push_str(&screen.dim(&screen.wrap(6, &printable(place))));
            text.push('\n');
        }
    }
    text
}

/// `what changed since 2026-11-21T04:00:00Z`.
pub(super) fn heading(comparison: &Comparison) -> String {
    let started = printable(&comparison.before.started);
    match comparison.is_empty() {
        true => format!("nothing changed since {started}"),
        false => format!("what changed since {started}"),
    }
}

/// What was changed by somebody first, then the keys, the cells and what they mean; at the end what was compared.
pub(super) fn told(comparison: &Comparison, screen: &Screen) -> Vec<Told> {
    let mut told = conditions(&comparison.before, &comparison.now);
    told.extend(
        comparison
            .gone_keys
            .iter()
            .map(|key| came_or_went(key, "gone")),
    );
    told.extend(
        comparison
            .new_keys
            .iter()
            .map(|key| came_or_went(key, "new")),
    );
    let replaced = comparison.keys.iter().filter(|key| key.replaced);
    told.extend(replaced.map(another));
    told.extend(cells(&comparison.changes, screen));
    let new = comparison.new_findings.iter();
    told.extend(new.map(|(_, finding)| finding_told("new", finding)));
    let gone = comparison.gone_findings.iter();
    told.extend(gone.map(|finding| finding_told("no longer", finding)));
    told.push(compared(comparison));
    told
}

/// What the two runs were made with, as far as it differs.
fn conditions(before: &Origin, now: &Origin) -> Vec<Told> {
    let all = [
        ("module", &before.module, &now.module),
        ("servers", &before.servers, &now.servers),
        ("cardcheck", &before.cardcheck, &now.cardcheck),
    ];
    let differ = all
        .into_iter()
        .filter(|(_, was, is)| was != is && !was.is_empty());
    let told = |(what, was, is)| Told::new(Kind::Plain, format!("{what}: was {was}, now {is}"));
    differ.map(told).collect()
}

fn came_or_went(key: &KeyRecord, what: &str) -> Told {
    let KeyRecord { name, kind, .. } = key;
    Told::new(Kind::Bad, format!("key `{name}` ({kind}) is {what}"))
}

fn another(key: &SameKey) -> Told {
    let text = format!(
        "key `{}` is another one than before; it is compared with the one in whose place it lies",
        key.name
    );
    Told::new(Kind::Plain, text)
}

/// Cells to which the same happened together.
fn cells(changes: &[Change], screen: &Screen) -> Vec<Told> {
    let mut groups: Vec<(String, Kind, Vec<Place<'_>>)> = Vec::new();
    for change in changes {
        let text = format!("was {}, now {}", result(&change.was), result(&change.now));
        let place = Place {
            key: &change.key,
            client: &change.client,
            version: change.version,
            server: &change.profile,
        };
        match groups.iter_mut().find(|(known, ..)| *known == text) {
            Some((.., places)) => places.push(place),
            None => groups.push((text, kind(change.direction), vec![place])),
        }
    }
    let told = |(text, kind, places): (String, Kind, Vec<Place<'_>>)| Told {
        kind,
        text,
        places: lines_of(screen, &places),
    };
    groups.into_iter().map(told).collect()
}

fn kind(direction: Direction) -> Kind {
    match direction {
        Direction::Worse | Direction::Otherwise => Kind::Bad,
        Direction::Better => Kind::Good,
        Direction::OtherWay => Kind::Plain,
    }
}

fn finding_told(what: &str, finding: &FindingRecord) -> Told {
    let FindingRecord {
        id,
        severity,
        title,
        ..
    } = finding;
    Told::new(Kind::Plain, format!("{what}: {severity} {title} [{id}]"))
}

fn compared(comparison: &Comparison) -> Told {
    let counts = [
        (Direction::Worse, "worse"),
        (Direction::Better, "better"),
        (Direction::Otherwise, "failing otherwise"),
        (Direction::OtherWay, "passing by another scheme or route"),
    ];
    let counts = counts.map(|(direction, word)| (comparison.count(direction), word));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let what = match counts.is_empty() {
        true => "all the same".to_owned(),
        false => counts.join(", "),
    };
    let mut text = format!("{} compared: {what}", counted(comparison.compared, "cell"));
    if comparison.untold > 0 {
        let untold = counted(comparison.untold, "cell");
        text.push_str(&format!("; {untold} of which the earlier run says nothing"));
    }
    Told::new(Kind::Plain, text)
}

#[cfg(test)]
mod tests {
    use super::super::{diff, junit, markdown, sample, table};
    use super::*;

    /// From the line that holds this on, up to the next blank one.
    fn part(text: &str, from: &str) -> String {
        let lines = text.lines().skip_while(|line| !line.contains(from));
        let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        lines.join("\n")
    }

    #[test]
    fn a_table_tells_what_changed_below_what_it_means() {
        let table = table::render(&sample::changed(), &Screen::of_a_file());
        insta::assert_snapshot!(part(&table, "what changed"), @r"
        what changed since 2026-11-20T04:00:00Z
          module: was Implementation of PKCS11 2.5, now Implementation of PKCS11 2.6
          ✗ key `old login` (EC P-256) is gone
          was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now pass with rsa_pkcs1_sha256
            (CKM_RSA_PKCS)
              login · any · TLS 1.2 · openssl-3.0
          ✗ was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now sign: CKR_MECHANISM_INVALID with
            rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
              login · firefox · TLS 1.2, 1.3 · openssl-3.0
          was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now pass with rsa_pss_rsae_sha256
            (CKM_RSA_X_509)
              login · any · TLS 1.3 · openssl-3.0
          new: error the token lists RSA-PSS, but its RSA keys refuse it [pss-listed-but-refused]
          10 cells compared: 2 worse, 2 passing by another scheme or route
        ");
        assert!(table.contains("2 not as expected"), "{table}");
    }

    #[test]
    fn a_diff_says_first_what_is_compared() {
        let run = sample::changed();
        let comparison = run.comparison.as_ref().unwrap();
        let diff = diff::render(comparison, &Screen::of_a_file());
        insta::assert_snapshot!(part(&diff, "before"), @r"
        before  2026-11-20T04:00:00Z, module Implementation of PKCS11 2.5, cardcheck 0.1.0
        now     2026-11-21T04:00:00Z, module Implementation of PKCS11 2.6, cardcheck 0.1.0
        ");
        assert!(diff.ends_with(&render(comparison, &Screen::of_a_file())));
    }

    #[test]
    fn a_ticket_tells_it_at_the_top() {
        let ticket = markdown::render(&sample::changed());
        let (_, rest) = ticket.split_once("## What changed").unwrap();
        let (told, _) = rest.split_once("## Logs in").unwrap();
        insta::assert_snapshot!(told.trim(), @r"
        since 2026-11-20T04:00:00Z

        - module: was Implementation of PKCS11 2.5, now Implementation of PKCS11 2.6
        - ✗ key `old login` (EC P-256) is gone
        - was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)
          - `login · any · TLS 1.2 · openssl-3.0`
        - ✗ was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)
          - `login · firefox · TLS 1.2, 1.3 · openssl-3.0`
        - was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now pass with rsa_pss_rsae_sha256 (CKM_RSA_X_509)
          - `login · any · TLS 1.3 · openssl-3.0`
        - new: error the token lists RSA-PSS, but its RSA keys refuse it \[pss-listed-but-refused\]
        - 10 cells compared: 2 worse, 2 passing by another scheme or route
        ");
    }

    #[test]
    fn in_ci_only_what_changed_fails() {
        let xml = junit::render(&sample::changed());
        let failures = xml.lines().filter(|line| line.contains("<failure "));
        let messages = failures.map(|line| line.trim().split(" type=").next().unwrap_or_default());
        insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"), @r#"
        <failure message="was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)"
        <failure message="was pass with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS), now sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)"
        <failure message="the token lists RSA-PSS, but its RSA keys refuse it"
        <failure message="this key is gone since 2026-11-20T04:00:00Z"/>
        "#);
        assert!(
            xml.contains("as before: sign: CKR_MECHANISM_INVALID"),
            "{xml}"
        );
    }

    #[test]
    fn where_nothing_changed_that_is_said() {
        let mut run = sample::lying();
        let now = crate::model::record::Record::from(&run);
        let everything = crate::model::comparison::Scope::Everything;
        crate::model::recording::hold_against(&mut run, &now, &now, everything);
        assert!(run.is_as_expected());
        let comparison = run.comparison.as_ref().unwrap();
        insta::assert_snapshot!(render(comparison, &Screen::of_a_file()), @r"
        nothing changed since 2026-11-21T04:00:00Z
          10 cells compared: all the same
        ");
    }
}
