//! Over which mechanism a program signs, as the fault-injecting module saw it, against the route of the cell.

use crate::desk::{Desk, Program};
use crate::support::Lab;

pub(crate) const PSS: &str = "CKM_RSA_PKCS_PSS";
pub(crate) const PSS_REFUSED: &str = "CKM_RSA_PKCS_PSS refused";
pub(crate) const PKCS1: &str = "CKM_RSA_PKCS";
pub(crate) const SHA256_RSA: &str = "CKM_SHA256_RSA_PKCS";
pub(crate) const RAW: &str = "CKM_RSA_X_509";
pub(crate) const ECDSA: &str = "CKM_ECDSA";

/// token, key, list (TLS 1.2); what the real program signs with, or tries last; the route of the cell.
pub(crate) type SignedBy = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

/// The module does nothing but watch.
const NO_FAULT: &str = "";

pub(crate) fn sign_by(program: &'static dyn Program, tokens: &[&str], rows: &[SignedBy]) {
    let Some(desk) = Desk::with_faults(program, tokens, Some(NO_FAULT)) else {
        return;
    };
    for (token, key, list, mechanisms, route) in rows {
        let cell = desk.cell(token, key, list, "1.2");
        assert_eq!(
            cell["route"],
            *route,
            "{} {token} {key} {list}",
            program.rule()
        );
        std::fs::remove_file(desk.lab.path("calls.log")).unwrap();
        let login = desk.log_in(token, key, list, "1.2");
        let last = last_mechanism(&desk.lab);
        let row = format!("{} {token} {key} {list}: {last}\n{login}", program.rule());
        assert!(mechanisms.contains(&last.as_str()), "{row}");
    }
}

/// The mechanism of the last C_SignInit that the fault-injecting module saw.
fn last_mechanism(lab: &Lab) -> String {
    let calls = lab.calls();
    let started = |line: &String| Some(line.strip_prefix("C_SignInit mech=")?.to_owned());
    let call = calls.iter().rev().find_map(started).unwrap_or_default();
    let (mechanism, rv) = call.split_once(" rv=").unwrap_or_default();
    let name = match mechanism {
        "0x01" => PKCS1,
        "0x03" => RAW,
        "0x0d" => PSS,
        "0x40" => SHA256_RSA,
        "0x1041" => ECDSA,
        other => other,
    };
    match rv {
        "0x00000000" => name.to_owned(),
        _ => format!("{name} refused"),
    }
}
