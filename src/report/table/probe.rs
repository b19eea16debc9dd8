//! A server for people: does it ask, with what, what else is there to say, what it means.

use time::OffsetDateTime;

use super::super::style::{Screen, counted, printable};
use super::columns::{lay_out, up_to};
use super::{findings, timeline};
use crate::model::certificate_request::CertificateRequest;
use crate::model::probe::{
    AddressFound, Asks, Moment, Negotiated, Probe, Reaction, ServerCertificate, Spoken,
    VersionFacts,
};

/// CA names that are shown; the JSON report has them all.
const MOST_NAMES: usize = 20;

/// Columns before the values of what a request holds.
const LABEL: usize = 28;

/// The server as a table that is `screen.width` columns wide.
pub fn render(probe: &Probe, screen: &Screen) -> String {
    let mut parts = server(probe, screen);
    parts.push(findings::without_cells(&probe.findings, screen));
    if !probe.complete {
        parts.push(screen.heading("interrupted: the rest was not tried") + "\n");
    }
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

/// What it is and what it asks for, part by part.
pub(super) fn server(probe: &Probe, screen: &Screen) -> Vec<String> {
    let mut parts = Vec::new();
    if !probe.trace.is_empty() {
        parts.push(timeline::render(&probe.trace, screen));
    }
    parts.push(header(probe, screen));
    parts.push(asks(probe, screen));
    parts.push(requests(probe, screen));
    let shown = probe.server_certificate.as_ref();
    parts.extend(shown.map(|found| certificate(found, screen)));
    parts
}

fn header(probe: &Probe, screen: &Screen) -> String {
    let mut words = vec![probe.authority()];
    words.extend(
        probe
            .address
            .as_ref()
            .filter(|address| **address != probe.host)
            .cloned(),
    );
    words.extend(
        probe
            .starttls
            .as_ref()
            .map(|protocol| format!("STARTTLS {protocol}")),
    );
    words.extend(probe.proxy.as_ref().map(|proxy| format!("through {proxy}")));
    let name = probe
        .server_name
        .as_ref()
        .filter(|name| **name != probe.host);
    words.extend(name.map(|name| format!("server name {name}")));
    let text = printable(&words.join(&format!(" {} ", screen.dot())));
    let mut text = screen.heading(&screen.wrap(0, &text)) + "\n";
    for other in &probe.addresses {
        let found = match &other.found {
            AddressFound::Probed if probe.addresses.len() == 1 => continue,
            AddressFound::Probed => "probed".to_owned(),
            AddressFound::Same => "asks the same".to_owned(),
            AddressFound::Differs(how) => format!("differs: {how}"),
            AddressFound::Unreachable(why) => format!("not reached: {why}"),
            AddressFound::NotTried => "not tried".to_owned(),
        };
        text.push_str(&hanging(
            screen,
            "  ",
            &format!("{}  {found}", other.address),
        ));
    }
    if let Some(negotiated) = &probe.negotiated {
        text.push_str(&hanging(screen, "", &negotiates(negotiated)));
    }
    text
}

fn negotiates(negotiated: &Negotiated) -> String {
    let mut words = vec![format!("negotiates TLS {}", negotiated.version)];
    words.push(negotiated.suite.clone());
    words.extend(negotiated.group.clone());
    words.extend(negotiated.alpn.as_ref().map(|name| format!("ALPN {name}")));
    words.join(", ")
}

fn asks(probe: &Probe, screen: &Screen) -> String {
    let heading = ["TLS", "asks", "without a certificate", "with a stranger's"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(probe.versions.iter().map(|facts| row(facts, screen)));
    let columns = [up_to(4), up_to(34), up_to(34), up_to(usize::MAX)];
    let mut text = screen.heading("does it ask for a certificate?") + "\n";
    text.push_str(&lay_out(screen, &columns, &rows));
    for facts in probe.spoken() {
        if let Some(reason) = &facts.reason {
            let told = format!("TLS {}: {reason}{}", facts.version, page(facts));
            text.push_str(&screen.dim(&hanging(screen, "  ", &told)));
        }
    }
    text
}

fn row(facts: &VersionFacts, screen: &Screen) -> Vec<String> {
    let version = facts.version.to_string();
    let asks = match &facts.spoken {
        Spoken::Yes => asked(facts),
        Spoken::No(_) => "not spoken".to_owned(),
        Spoken::Unknown(why) => format!("could not tell: {why}"),
    };
    let said = |reaction: &Option<Reaction>| match (reaction, &facts.spoken) {
        (Some(reaction), _) => reacted(reaction),
        (None, Spoken::No(why)) => why.clone(),
        (None, _) => screen.dot().to_owned(),
    };
    let stranger = match facts.with_stranger {
        None => screen.dot().to_owned(),
        ref reaction => said(reaction),
    };
    let cells = [version, asks, said(&facts.without_certificate), stranger];
    cells.iter().map(|cell| printable(cell)).collect()
}

fn asked(facts: &VersionFacts) -> String {
    let inferred = if facts.inferred { " (inferred)" } else { "" };
    let when = match facts.asked_during {
        None | Some(Moment::Handshake) => "",
        Some(Moment::Renegotiation) => ", by renegotiation",
        Some(Moment::PostHandshake) => ", after the handshake",
        Some(Moment::Http) => ", by HTTP only",
    };
    match (facts.asks, facts.asked_during) {
        (Asks::Unknown, Some(Moment::Renegotiation)) => "later, by renegotiation".to_owned(),
        (Asks::Unknown, Some(Moment::PostHandshake)) => "later, after the handshake".to_owned(),
        (Asks::Unknown, _) => format!("could not tell{when}"),
        (asks, _) => format!("{}{when}{inferred}", asks.name()),
    }
}

fn reacted(reaction: &Reaction) -> String {
    match reaction {
        Reaction::Accepted => "goes on".into(),
        Reaction::Alert(alert) => format!("{alert} ({})", alert.0),
        Reaction::Closed => "closes".into(),
        Reaction::Refused(words) => words.clone(),
        Reaction::Silent => "keeps silent".into(),
        Reaction::Unknown(why) => format!("could not tell: {why}"),
    }
}

fn page(facts: &VersionFacts) -> String {
    let Some(http) = &facts.http else {
        return String::new();
    };
    let leads = http
        .location
        .as_ref()
        .map(|location| format!(", leads to {location}"));
    format!(
        "; GET {} answers {}{}",
        http.path,
        http.status,
        leads.unwrap_or_default()
    )
}

/// What it asks with; versions that ask alike stand together.
fn requests(probe: &Probe, screen: &Screen) -> String {
    let mut groups: Vec<(Vec<&'static str>, &CertificateRequest)> = Vec::new();
    for facts in &probe.versions {
        let Some(request) = &facts.request else {
            continue;
        };
        match groups.iter_mut().find(|(_, known)| *known == request) {
            Some((versions, _)) => versions.push(facts.version.name()),
            None => groups.push((vec![facts.version.name()], request)),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut text = screen.heading("what it asks with") + "\n";
    let mut shown: Option<&CertificateRequest> = None;
    for (versions, request) in groups {
        text.push_str(&format!("  TLS {}\n", versions.join(", ")));
        text.push_str(&lists(request, screen));
        let same = shown.is_some_and(|shown| shown.ca_names == request.ca_names);
        text.push_str(&names(request, same, screen));
        shown = Some(request);
    }
    text
}

fn lists(request: &CertificateRequest, screen: &Screen) -> String {
    let mut text = String::new();
    let joined = |items: Vec<String>| items.join(" ");
    if let Some(schemes) = &request.schemes {
        let names = joined(schemes.iter().map(ToString::to_string).collect());
        text.push_str(&labelled(screen, "signature_algorithms", &names));
    }
    if let Some(schemes) = &request.schemes_cert {
        let names = joined(schemes.iter().map(ToString::to_string).collect());
        text.push_str(&labelled(screen, "signature_algorithms_cert", &names));
    }
    if !request.certificate_types.is_empty() {
        let names = joined(
            request
                .certificate_types
                .iter()
                .map(ToString::to_string)
                .collect(),
        );
        text.push_str(&labelled(screen, "certificate_types", &names));
    }
    if let Some(defect) = request.defect {
        text.push_str(&labelled(screen, "malformed", &defect.to_string()));
    }
    text
}

fn names(request: &CertificateRequest, same: bool, screen: &Screen) -> String {
    let count = request.ca_names.len();
    if count == 0 {
        return labelled(screen, "CA names", "none");
    }
    let about = format!(
        "{} in {} bytes",
        counted(count, "name"),
        request.ca_names_bytes
    );
    if same {
        return labelled(screen, "CA names", &format!("the same {about}"));
    }
    let mut text = labelled(screen, "CA names", &about);
    for name in request.ca_names.iter().take(MOST_NAMES) {
        let line = printable(&name.to_string());
        text.push_str(&(screen.fill("      ", "        ", &line) + "\n"));
    }
    if count > MOST_NAMES {
        let more = format!("      and {} more, in the JSON report", count - MOST_NAMES);
        text.push_str(&(screen.dim(&more) + "\n"));
    }
    text
}

fn certificate(certificate: &ServerCertificate, screen: &Screen) -> String {
    let mut text = screen.heading("the server's own certificate") + "\n";
    text.push_str(&labelled(screen, "subject", &certificate.subject));
    text.push_str(&labelled(screen, "issuer", &certificate.issuer));
    text.push_str(&labelled(
        screen,
        "valid until",
        &day(certificate.not_after),
    ));
    let trusted = match (certificate.trusted, &certificate.problem) {
        (true, None) => "yes".to_owned(),
        (true, Some(problem)) => format!("yes, but {problem}"),
        (false, Some(problem)) => format!("no: {problem}"),
        (false, None) => "no".to_owned(),
    };
    text.push_str(&labelled(screen, "trusted", &trusted));
    if !certificate.matches_name {
        text.push_str(&labelled(screen, "for this name", "no"));
    }
    text
}

fn day(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds);
    moment.map_or_else(
        |_| "not readable".to_owned(),
        |moment| moment.date().to_string(),
    )
}

fn labelled(screen: &Screen, label: &str, value: &str) -> String {
    let first = format!("    {label:<width$}", width = LABEL - 4);
    let rest = " ".repeat(LABEL);
    screen.fill(&first, &rest, &printable(value)) + "\n"
}

fn hanging(screen: &Screen, indent: &str, text: &str) -> String {
    let rest = format!("{indent}  ");
    screen.fill(indent, &rest, &printable(text)) + "\n"
}
