//! The functions that sign, and what `serial` and `always-authenticate` ask of them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::{ptr, slice};

use cryptoki_sys::*;

use crate::calls::answer;
use crate::faults::{self, Call, Verdict, call};
use crate::rules::{Mangling, Rules};
use crate::{lock, real, rules};

/// Room for any signature.
const SIGNATURE_MAX: usize = 4096;

/// What stands before the hash in a DigestInfo of SHA-256, SHA-384 or SHA-512 (RFC 8017 9.2, note 1).
const DIGEST_INFO: usize = 19;

/// The active signing operations.
static OPERATIONS: LazyLock<Mutex<HashMap<CK_SESSION_HANDLE, Operation>>> =
    LazyLock::new(Mutex::default);
/// Held while a `serial` token signs.
static TOKEN: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
struct Operation {
    mechanism: CK_MECHANISM_TYPE,
    /// Whether a context-specific login came.
    authenticated: bool,
}

/// Forgets all operations: no session outlives C_Initialize.
pub(crate) fn forget() {
    lock(&OPERATIONS).clear();
}

pub(crate) unsafe extern "C" fn C_SignInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    // SAFETY: NULL, or the caller's mechanism.
    let asked = unsafe { mechanism.as_ref() }.map(|mechanism| mechanism.mechanism);
    let init = Call::of("C_SignInit").in_session(session).mechanism(asked);
    call(init, |rules| {
        let forward = |mechanism| real!(C_SignInit(session, mechanism, key));
        // SAFETY: as above.
        let rv = unsafe { with_salt(rules, mechanism, forward) };
        if let (CKR_OK, Some(mechanism)) = (rv, asked) {
            let operation = Operation {
                mechanism,
                authenticated: false,
            };
            lock(&OPERATIONS).insert(session, operation);
        }
        rv
    })
}

pub(crate) unsafe extern "C" fn C_SignUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    len: CK_ULONG,
) -> CK_RV {
    let signing = Signing::of("C_SignUpdate", session);
    let rules = rules();
    let rv = match signing.verdict(&rules) {
        Verdict::Return { rv, leave_active } => {
            if !leave_active {
                discard(|buffer, len| real!(C_SignFinal(session, buffer, len)));
                lock(&OPERATIONS).remove(&session);
            }
            rv
        }
        Verdict::Forward(_) => real!(C_SignUpdate(session, part, len)),
    };
    signing.call.log_rv(&rules, rv);
    rv
}

pub(crate) unsafe extern "C" fn C_Sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_len: CK_ULONG,
    signature: *mut CK_BYTE,
    len: *mut CK_ULONG,
) -> CK_RV {
    let mut signing = Signing::of("C_Sign", session);
    signing.call = signing.call.data(data_len);
    // SAFETY: the caller's data.
    let mut changed = unsafe { signing.changed(&rules(), data, data_len) };
    let (data, data_len) = match &mut changed {
        Some(changed) => (changed.as_mut_ptr(), changed.len() as CK_ULONG),
        None => (data, data_len),
    };
    let forward = |buffer, len| real!(C_Sign(session, data, data_len, buffer, len));
    // SAFETY: the caller's buffer.
    unsafe { signing.sign(signature, len, forward) }
}

/// The call with the mechanism's parameter changed as `salt` says.
///
/// # Safety
///
/// `mechanism` is NULL or a mechanism with the parameter that it wants.
unsafe fn with_salt(
    rules: &Rules,
    mechanism: *mut CK_MECHANISM,
    forward: impl Fn(*mut CK_MECHANISM) -> CK_RV,
) -> CK_RV {
    // SAFETY: as above.
    let asked = unsafe { mechanism.as_ref() };
    let pss = asked.filter(|asked| asked.mechanism == CKM_RSA_PKCS_PSS);
    let (Some(salt), Some(pss)) = (rules.salt, pss) else {
        return forward(mechanism);
    };
    // SAFETY: as above.
    let asked = unsafe { pss.pParameter.cast::<CK_RSA_PKCS_PSS_PARAMS>().as_ref() };
    let Some(mut parameter) = asked.copied() else {
        return forward(mechanism);
    };
    parameter.sLen = salt;
    let mut changed = CK_MECHANISM {
        pParameter: (&raw mut parameter).cast(),
        ..*pss
    };
    forward(&raw mut changed)
}

pub(crate) unsafe extern "C" fn C_SignFinal(
    session: CK_SESSION_HANDLE,
    signature: *mut CK_BYTE,
    len: *mut CK_ULONG,
) -> CK_RV {
    let forward = |buffer, len| real!(C_SignFinal(session, buffer, len));
    // SAFETY: the caller's buffer.
    unsafe { Signing::of("C_SignFinal", session).sign(signature, len, forward) }
}

/// A call that uses the active signing operation of a session.
struct Signing {
    call: Call,
    session: CK_SESSION_HANDLE,
    operation: Option<Operation>,
}

impl Signing {
    fn of(function: &'static str, session: CK_SESSION_HANDLE) -> Self {
        let operation = lock(&OPERATIONS).get(&session).copied();
        let mechanism = operation.map(|operation| operation.mechanism);
        Self {
            call: Call::of(function).in_session(session).mechanism(mechanism),
            session,
            operation,
        }
    }

    /// The data as `bare-hash` and `fill` have it; `None`: as it came.
    ///
    /// # Safety
    ///
    /// `data` is NULL or has `len` bytes.
    unsafe fn changed(
        &self,
        rules: &Rules,
        data: *const CK_BYTE,
        len: CK_ULONG,
    ) -> Option<Vec<CK_BYTE>> {
        if data.is_null() {
            return None;
        }
        // SAFETY: as above.
        let data = unsafe { slice::from_raw_parts(data, len as usize) };
        match self.operation?.mechanism {
            CKM_RSA_PKCS if rules.bare_hash => data.get(DIGEST_INFO..).map(<[u8]>::to_vec),
            CKM_ECDSA if data.len() < rules.fill => {
                let mut filled = data.to_vec();
                filled.resize(rules.fill, 0);
                Some(filled)
            }
            _ => None,
        }
    }

    /// What the `on` lines say, and then `always-authenticate`.
    fn verdict(&self, rules: &Rules) -> Verdict {
        let verdict = faults::strike(rules, &self.call);
        let allowed = self
            .operation
            .is_none_or(|operation| operation.authenticated);
        match verdict {
            Verdict::Forward(_) if rules.always_authenticate && !allowed => Verdict::Return {
                rv: CKR_USER_NOT_LOGGED_IN,
                leave_active: false,
            },
            verdict => verdict,
        }
    }

    /// Answers a call that returns a signature; `forward` makes the real one.
    ///
    /// # Safety
    ///
    /// `buffer` is NULL or has `*len` bytes.
    unsafe fn sign(
        self,
        buffer: *mut CK_BYTE,
        len: *mut CK_ULONG,
        forward: impl Fn(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV,
    ) -> CK_RV {
        let rules = rules();
        if buffer.is_null() {
            // SAFETY: as above.
            return unsafe { self.query(&rules, len, forward) };
        }
        let _turn = rules.serial.then(|| lock(&TOKEN));
        let verdict = self.verdict(&rules);
        let stays = matches!(
            verdict,
            Verdict::Return {
                leave_active: true,
                ..
            }
        );
        let rv = match verdict {
            Verdict::Return { rv, leave_active } => {
                if !leave_active {
                    discard(forward);
                }
                rv
            }
            Verdict::Forward(manglings) if manglings.is_empty() => forward(buffer, len),
            // SAFETY: as above.
            Verdict::Forward(manglings) => unsafe { mangled(&manglings, buffer, len, forward) },
        };
        if !stays && rv != CKR_BUFFER_TOO_SMALL {
            lock(&OPERATIONS).remove(&self.session);
        }
        self.call.log_rv(&rules, rv);
        rv
    }

    /// Answers how long a signature may get.
    ///
    /// # Safety
    ///
    /// `len` is NULL or can be written.
    unsafe fn query(
        self,
        rules: &Rules,
        len: *mut CK_ULONG,
        forward: impl Fn(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV,
    ) -> CK_RV {
        let pull = rules.pull.as_ref();
        let refusal = pull.and_then(|pull| pull.refusal(&self.call));
        let rv = refusal.unwrap_or_else(|| forward(ptr::null_mut(), len));
        if rv == CKR_OK {
            // SAFETY: the real module has written it.
            unsafe { *len += faults::growth(rules, &self.call) as CK_ULONG };
        }
        self.call.detail("query").log_rv(rules, rv);
        rv
    }
}

/// Allows the active operation of the session to sign.
pub(crate) fn authenticate(session: CK_SESSION_HANDLE, rules: &Rules, pin: &[u8]) -> CK_RV {
    let mut operations = lock(&OPERATIONS);
    let Some(operation) = operations.get_mut(&session) else {
        return CKR_OPERATION_NOT_INITIALIZED;
    };
    if rules
        .pin
        .as_ref()
        .is_none_or(|right| right.as_bytes() != pin)
    {
        return CKR_PIN_INCORRECT;
    }
    operation.authenticated = true;
    CKR_OK
}

/// Ends the real operation; nobody gets its signature.
fn discard(forward: impl Fn(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV) {
    let mut signature = [0; SIGNATURE_MAX];
    let mut len = SIGNATURE_MAX as CK_ULONG;
    forward(signature.as_mut_ptr(), &raw mut len);
}

/// Answers a wrong signature.
///
/// # Safety
///
/// `buffer` has `*len` bytes.
unsafe fn mangled(
    manglings: &[Mangling],
    buffer: *mut CK_BYTE,
    len: *mut CK_ULONG,
    forward: impl Fn(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV,
) -> CK_RV {
    let mut signature = vec![0; SIGNATURE_MAX];
    let mut signature_len = SIGNATURE_MAX as CK_ULONG;
    let rv = forward(signature.as_mut_ptr(), &raw mut signature_len);
    if rv != CKR_OK {
        return rv;
    }
    signature.truncate(signature_len as usize);
    let signature = manglings.iter().copied().fold(signature, faults::mangle);
    // SAFETY: as above.
    unsafe { answer(&signature, buffer, len) }
}
