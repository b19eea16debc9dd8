//! A PKCS#11 module which passes every call on to a real module and misbehaves on request.
//!
//! It exports `C_GetFunctionList` (version 2.40) and is steered by the rules file named in the
//! environment variable `CARDCHECK_FAULTS`. `C_GetFunctionList` reads the file, and every
//! `C_Initialize` reads it anew; if it cannot be used, they write a line to stderr and return
//! `CKR_GENERAL_ERROR`. The counts of `after` and `times` last as long as the module stays loaded
//! in a process, unless the text of the file changes; or as long as the directory of `counts`.
//!
//! # The rules file
//!
//! One rule per line; a word beginning with `#` starts a comment; words with blanks go between
//! double quotes; numbers are decimal or `0x` hexadecimal.
//!
//! ```text
//! module /usr/lib/softhsm/libsofthsm2.so  # the real module: required, loaded once
//! log /tmp/x/calls.log                    # append one line per call, see below
//! counts /tmp/x/counts                    # all processes count together what `after` and
//!                                         # `times` are about, in files of this directory (`on-1`
//!                                         # for the first `on` line): one directory for one run
//!
//! # what the token announces
//! hide 0x0d 0x43            # mechanisms missing in C_GetMechanismList
//! hide-info 0x0d            # C_GetMechanismInfo: CKR_MECHANISM_INVALID for these
//! list 0x80000042           # mechanisms added to C_GetMechanismList
//! token-flags set 0x20000   # bits forced on in CK_TOKEN_INFO.flags ...
//! token-flags clear 0x08    # ... and off
//! token-pin-len 4 8         # ulMinPinLen and ulMaxPinLen
//! slots none                # C_GetSlotList: no slots at all
//! token none                # empty readers: no slots with a token, CKR_TOKEN_NOT_PRESENT
//! absent /tmp/x/out         # the same, as long as this file exists
//!
//! # how the token behaves
//! invisible-after-login     # C_FindObjects finds nothing while a user is logged in
//! serial                    # one signature at a time in this process, delays included
//! salt 20                   # CKM_RSA_PKCS_PSS with a salt of 20 bytes, whatever was asked for
//! bare-hash                 # C_Sign by CKM_RSA_PKCS: the hash alone, its DigestInfo left out
//! fill 48                   # C_Sign by CKM_ECDSA: a shorter hash with zeros behind it, 48 bytes in all
//! pad 1234                  # a PIN pad: sets CKF_PROTECTED_AUTHENTICATION_PATH; this PIN is
//!                           # "typed" whenever C_Login comes with a NULL PIN
//! endless-objects           # C_FindObjects never says that it is done: the last handles it has
//!                           # found come again and again
//! logged-in 1234            # for programs that can't ask for a PIN: every session that opens is
//!                           # logged in by this one, and CKF_LOGIN_REQUIRED is off
//! always-authenticate       # all private keys have CKA_ALWAYS_AUTHENTICATE (the real module
//!                           # must know the attribute); needs `pin`. CKR_USER_NOT_LOGGED_IN
//!                           # unless C_Login(CKU_CONTEXT_SPECIFIC) came since C_SignInit
//! pin 1234                  # what such a context-specific login is checked against;
//!                           # otherwise CKR_PIN_INCORRECT. The real module never sees it.
//!
//! # a card that is pulled during the C_Sign after N others, and gone for that many milliseconds;
//! # then it is back, perhaps as another card with this serial number
//! pull after N for MS
//! pull after N for MS back-as SERIAL
//! pull after N for ever
//!
//! # faults
//! on FUNCTION [CONDITION ...] ACTION ...
//! on C_SignInit mech 0x0d,0x43 ckr 0x70
//! on C_Sign mech 0x1 after 3 times 1 delay 200 ckr 0x30
//! ```
//!
//! FUNCTION is any function of PKCS#11 2.40 but `C_GetFunctionList`. A call asking only for the
//! length of a signature (NULL buffer) is neither counted nor faulted.
//!
//! ```text
//! # conditions
//! mech M,...              # only these mechanisms: for C_GetMechanismInfo, C_SignInit, C_Sign,
//!                         # C_SignUpdate, C_SignFinal (the last three: of the active operation)
//! data N,...              # only data of so many bytes: for C_Sign
//! after N                 # let the first N calls (with these mechanisms) pass
//! times N                 # strike only N times
//!
//! # actions
//! delay MS                # wait
//! grow MB                 # allocate and keep memory
//! stdout "TEXT"           # print a line to stdout ...
//! stderr "TEXT"           # ... or to stderr
//! flood MB                # print that many megabytes of lines to stdout
//! logout                  # really log out behind the caller's back: C_Logout ...
//! close-sessions          # ... or close all sessions of the slot: C_CloseAllSessions. For
//!                         # functions with a session; the real module answers the stale call,
//!                         # and may crash if another thread is just using that slot
//! ckr RV                  # return this without forwarding; a signing operation is ended, as the
//!                         # standard wants
//! leave-active ckr RV     # for C_Sign, C_SignUpdate, C_SignFinal: leave the operation active
//! corrupt                 # for C_Sign, C_SignFinal: flip a bit of the signature
//! length N                # for C_Sign, C_SignFinal: N zero bytes more, or -N bytes less
//! der                     # for C_Sign, C_SignFinal: r and s of ECDSA as a DER sequence
//! hang                    # never return
//! segfault
//! abort
//! exit STATUS
//! stack-overflow
//! ```
//!
//! All lines which match a call count it; their actions happen in the order of the file, up to
//! the first `ckr`. Unless there was one, the call is forwarded then and its signature changed.
//!
//! # The pulled card
//!
//! C_Sign is counted as by an `on` line, and what `on` lines do goes before what the missing card
//! answers: with `pull after 3 for ever` and `on C_Sign after 4 hang` the call after the pull
//! hangs. The C_Sign during which the card is
//! pulled returns `CKR_DEVICE_REMOVED`, and all sessions of its slot are really closed. While it is
//! gone, the first call in one of these returns `CKR_DEVICE_REMOVED` and later ones
//! `CKR_SESSION_HANDLE_INVALID`; functions with a slot return `CKR_TOKEN_NOT_PRESENT`, and
//! `C_GetSlotList` leaves the slot out where tokens are asked for. Old sessions stay closed when it
//! is back. With `counts` all processes see the same card: the file `pulled` says since when.
//!
//! # The log
//!
//! ```text
//! C_Initialize pid=4711 rv=0x00000000       (the process that has loaded the module)
//! C_SignInit mech=0x0d rv=0x00000070
//! C_Login user=1 pin-len=4 rv=0x00000000    (or pin=NULL; user is CK_USER_TYPE)
//! C_Sign mech=0x01 query rv=0x00000000      (asked only for the length)
//! C_Sign mech=0x01 hang                     (written before an action that never returns)
//! ```

#![allow(non_snake_case)] // the functions have their PKCS#11 names

mod calls;
mod card;
mod count;
mod faults;
mod rules;
mod signing;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, fs, mem};

use calls::*;
use cryptoki_sys::*;
use faults::Call;
use libloading::Library;
use rules::Rules;
use signing::{C_Sign, C_SignFinal, C_SignInit, C_SignUpdate};

/// Names the rules file.
const RULES_VARIABLE: &str = "CARDCHECK_FAULTS";

static REAL: OnceLock<CK_FUNCTION_LIST> = OnceLock::new();
static RULES: Mutex<Option<Arc<Rules>>> = Mutex::new(None);

/// Calls a function of the real module.
macro_rules! real {
    ($name:ident($($arg:expr),*)) => {
        match $crate::REAL.get().and_then(|real| real.$name) {
            // SAFETY: the caller's arguments, or ones of ours that obey the same contract.
            Some(function) => unsafe { function($($arg),*) },
            None => cryptoki_sys::CKR_FUNCTION_NOT_SUPPORTED,
        }
    };
}
use real;

/// Defines functions, grouped by signature, to which only the `on` rules apply.
macro_rules! forward {
    ($($args:tt $($name:ident)+;)*) => { $($(forward!{@ $name $args})+)* };
    (@ $name:ident ($session:ident: CK_SESSION_HANDLE $($rest:tt)*)) => {
        forward!{@ $name ($session: CK_SESSION_HANDLE $($rest)*) in_session($session)}
    };
    (@ $name:ident ($slot:ident: CK_SLOT_ID $($rest:tt)*)) => {
        forward!{@ $name ($slot: CK_SLOT_ID $($rest)*) in_slot($slot)}
    };
    (@ $name:ident ($($arg:ident: $ty:ty),*) $($place:ident($handle:ident))?) => {
        #[allow(clippy::too_many_arguments)]
        unsafe extern "C" fn $name($($arg: $ty),*) -> CK_RV {
            let call = Call::of(stringify!($name))$(.$place($handle))?;
            faults::call(call, |_| real!($name($($arg),*)))
        }
    };
}

/// Defines the function list, and the names which rules may use.
macro_rules! function_list {
    ($($name:ident)*) => {
        static LIST: CK_FUNCTION_LIST = CK_FUNCTION_LIST {
            version: CK_VERSION { major: 2, minor: 40 },
            C_GetFunctionList: Some(C_GetFunctionList),
            $($name: Some($name),)*
        };
        const FUNCTIONS: &[&str] = &[$(stringify!($name)),*];
    };
}

forward! {
    (reserved: CK_VOID_PTR) C_Finalize;
    (info: *mut CK_INFO) C_GetInfo;
    (slot: CK_SLOT_ID) C_CloseAllSessions;
    (slot: CK_SLOT_ID, pin: *mut CK_BYTE, pin_len: CK_ULONG, label: *mut CK_BYTE) C_InitToken;
    (flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: CK_VOID_PTR) C_WaitForSlotEvent;

    (session: CK_SESSION_HANDLE)
        C_CloseSession C_Logout C_FindObjectsFinal C_GetFunctionStatus C_CancelFunction;
    (session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) C_GetSessionInfo;
    (session: CK_SESSION_HANDLE, state: *mut CK_BYTE, len: CK_ULONG, encryption: CK_OBJECT_HANDLE,
        authentication: CK_OBJECT_HANDLE) C_SetOperationState;
    (session: CK_SESSION_HANDLE, old: *mut CK_BYTE, old_len: CK_ULONG, new: *mut CK_BYTE,
        new_len: CK_ULONG) C_SetPIN;

    (session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        object: *mut CK_OBJECT_HANDLE) C_CreateObject;
    (session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) C_DestroyObject C_DigestKey;
    (session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, size: *mut CK_ULONG) C_GetObjectSize;
    (session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG) C_SetAttributeValue;
    (session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG, copy: *mut CK_OBJECT_HANDLE) C_CopyObject;

    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM) C_DigestInit;
    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        C_EncryptInit C_DecryptInit C_SignRecoverInit C_VerifyInit C_VerifyRecoverInit;
    (session: CK_SESSION_HANDLE, data: *mut CK_BYTE, len: CK_ULONG)
        C_DigestUpdate C_VerifyUpdate C_VerifyFinal C_InitPIN C_SeedRandom C_GenerateRandom;
    (session: CK_SESSION_HANDLE, output: *mut CK_BYTE, len: *mut CK_ULONG)
        C_GetOperationState C_EncryptFinal C_DecryptFinal C_DigestFinal;
    (session: CK_SESSION_HANDLE, data: *mut CK_BYTE, len: CK_ULONG, signature: *mut CK_BYTE,
        signature_len: CK_ULONG) C_Verify;
    (session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_len: CK_ULONG, output: *mut CK_BYTE,
        output_len: *mut CK_ULONG)
        C_Encrypt C_EncryptUpdate C_Decrypt C_DecryptUpdate C_Digest C_SignRecover C_VerifyRecover
        C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate;

    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG, key: *mut CK_OBJECT_HANDLE) C_GenerateKey;
    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE,
        public_count: CK_ULONG, private: *mut CK_ATTRIBUTE, private_count: CK_ULONG,
        public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE) C_GenerateKeyPair;
    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, wrapping: CK_OBJECT_HANDLE,
        key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, len: *mut CK_ULONG) C_WrapKey;
    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, unwrapping: CK_OBJECT_HANDLE,
        wrapped: *mut CK_BYTE, len: CK_ULONG, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        key: *mut CK_OBJECT_HANDLE) C_UnwrapKey;
    (session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, base: CK_OBJECT_HANDLE,
        template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE) C_DeriveKey;
}

function_list! {
    C_Initialize C_Finalize C_GetInfo C_GetSlotList C_GetSlotInfo C_GetTokenInfo
    C_GetMechanismList C_GetMechanismInfo C_InitToken C_InitPIN C_SetPIN C_OpenSession
    C_CloseSession C_CloseAllSessions C_GetSessionInfo C_GetOperationState C_SetOperationState
    C_Login C_Logout C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize
    C_GetAttributeValue C_SetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal
    C_EncryptInit C_Encrypt C_EncryptUpdate C_EncryptFinal C_DecryptInit C_Decrypt
    C_DecryptUpdate C_DecryptFinal C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal
    C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover C_VerifyInit
    C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit C_VerifyRecover
    C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate
    C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey C_DeriveKey C_SeedRandom
    C_GenerateRandom C_GetFunctionStatus C_CancelFunction C_WaitForSlotEvent
}

/// Reads the rules, loads the real module and hands out the functions of this one.
///
/// # Safety
///
/// `list` must be valid for writing, as PKCS#11 demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    or_general_error(load_rules().and_then(|rules| load_real(&rules)), || {
        // SAFETY: see above. PKCS#11 has the type mutable, but callers only read the list.
        unsafe { list.write((&raw const LIST).cast_mut()) };
        CKR_OK
    })
}

/// Goes on with `then`, or tells what went wrong on stderr.
fn or_general_error(done: Result<(), String>, then: impl FnOnce() -> CK_RV) -> CK_RV {
    match done {
        Ok(()) => then(),
        Err(error) => {
            eprintln!("faulty_pkcs11: {error}");
            CKR_GENERAL_ERROR
        }
    }
}

/// The rules as last read.
fn rules() -> Arc<Rules> {
    lock(&RULES).clone().unwrap_or_default()
}

/// Reads the rules file; an unchanged one keeps its counts.
fn load_rules() -> Result<Arc<Rules>, String> {
    let path = env::var(RULES_VARIABLE).map_err(|error| format!("{RULES_VARIABLE}: {error}"))?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut rules = lock(&RULES);
    match &*rules {
        Some(known) if known.text == text => Ok(known.clone()),
        _ => {
            let read = Rules::parse(text).map_err(|error| format!("{path}: {error}"))?;
            Ok(rules.insert(Arc::new(read)).clone())
        }
    }
}

/// Loads the real module, the first time.
fn load_real(rules: &Rules) -> Result<(), String> {
    type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
    if REAL.get().is_some() {
        return Ok(());
    }
    let failed = |error| format!("{}: {error}", rules.module.display());
    // SAFETY: a PKCS#11 module may be loaded, and has this function.
    let library = unsafe { Library::new(&rules.module) }.map_err(failed)?;
    let get_list =
        *unsafe { library.get::<GetFunctionList>(b"C_GetFunctionList") }.map_err(failed)?;
    let mut list = std::ptr::null_mut();
    // SAFETY: `list` may be written, and after CKR_OK points to the module's function list.
    let real = unsafe {
        match get_list(&raw mut list) {
            CKR_OK => *list,
            rv => {
                return Err(format!(
                    "{}: C_GetFunctionList {rv:#x}",
                    rules.module.display()
                ));
            }
        }
    };
    mem::forget(library); // stays loaded: its functions are called until the process ends
    REAL.get_or_init(|| real);
    Ok(())
}

/// A thread that panicked leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
