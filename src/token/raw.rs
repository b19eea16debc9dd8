//! PKCS#11 itself, called through `cryptoki-sys`: the one file with unsafe code.
//!
//! Everything goes through one function list. The `cryptoki` crate keeps its list to itself and lacks what is needed here: it
//! drops vendor and unknown mechanisms, has no single-part C_Sign apart from C_SignInit (an always-authenticate key logs
//! in between the two), asks for a signature's length with a C_Sign of its own, and fails whole reads over one value that
//! it can't parse. A second list beside its own is no way out: p11-kit's proxy gives every caller of C_GetFunctionList
//! a state and session handles of its own.
//!
//! Session and object handles are the caller's to keep apart; a stale one is answered with a CKR, never with a crash.
#![allow(unsafe_code)] // PKCS#11 is a C interface; every other file forbids it

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use cryptoki_sys as sys;

use super::watch::Watch;
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::hash::Hash;
use crate::model::mechanism::Mechanism;

/// The longest signature asked for: ML-DSA-87's 4627 bytes, and room.
const SIGNATURE_ROOM: usize = 8192;

/// Objects asked for in one C_FindObjects.
const FOUND_AT_ONCE: usize = 64;

/// A search that still finds more than this is ended: no token holds as many objects.
const MOST_FOUND: usize = 4096;

/// Bytes of an argument that a trace shows.
const SHOWN: usize = 64;

/// CK_SESSION_HANDLE.
pub(super) type SessionHandle = sys::CK_SESSION_HANDLE;
/// CK_OBJECT_HANDLE.
pub(super) type ObjectHandle = sys::CK_OBJECT_HANDLE;
/// CK_SLOT_ID.
pub(super) type Slot = sys::CK_SLOT_ID;

/// A loaded module's function list.
pub(super) struct Raw {
    functions: sys::CK_FUNCTION_LIST,
    watch: Watch,
    /// Keeps the code in memory that `functions` points into.
    _library: sys::Pkcs11,
}

/// Why a file is no module.
#[derive(Debug)]
pub(super) enum LoadError {
    /// The loader refused it; its own words.
    Library(String),
    /// It has no C_GetFunctionList, or one that gives nothing.
    NoFunctionList,
}

/// CK_INFO.
pub(super) struct Info {
    pub(super) description: String,
    pub(super) manufacturer: String,
    pub(super) version: String,
    pub(super) cryptoki_version: String,
}

/// CK_TOKEN_INFO, as far as it is used.
pub(super) struct TokenInfo {
    pub(super) label: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
    pub(super) serial: String,
    pub(super) flags: u64,
    pub(super) pin_min: u64,
    pub(super) pin_max: u64,
}

/// Whose PIN C_Login takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// CKU_USER.
    User,
    /// CKU_CONTEXT_SPECIFIC: for one operation of an always-authenticate key.
    ContextSpecific,
}

/// What a mechanism is given beside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// Nothing.
    None,
    /// CK_RSA_PKCS_PSS_PARAMS: this hash, MGF1 of it, a salt of its length.
    Pss(Hash),
    /// CK_EDDSA_PARAMS: no prehash, no context (PKCS#11 3.1 §6.3.16 asks for it with edwards448).
    Eddsa,
}

impl std::fmt::Display for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Parameter::None => f.write_str("NULL"),
            Parameter::Pss(hash) => {
                let (digest, salt) = (Mechanism::digest(*hash), hash.digest_len());
                write!(f, "{{hashAlg={digest}, mgf=MGF1 of it, sLen={salt}}}")
            }
            Parameter::Eddsa => f.write_str("{phFlag=CK_FALSE}"),
        }
    }
}

/// The answer of C_GetMechanismInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MechanismInfo {
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) hardware: bool,
    pub(super) sign: bool,
}

impl Raw {
    /// Loads the library at `path` and takes its 2.40 function list. This runs the library's constructors: one that
    /// crashes takes the process with it.
    /// Every call is told to `watch`, beginning with the loading itself.
    pub(super) fn load(path: &Path, watch: Watch) -> Result<Raw, LoadError> {
        watch.begins(Function::Load, || path.display().to_string());
        // SAFETY: loading runs foreign code, which is what a PKCS#11 module is for. The list is read after CKR_OK and a
        // null check, and copied; `_library` keeps what it points to.
        unsafe {
            let library =
                sys::Pkcs11::new(path).map_err(|error| LoadError::Library(error.to_string()))?;
            if library.C_GetFunctionList.is_err() {
                return Err(LoadError::NoFunctionList);
            }
            let mut list: *mut sys::CK_FUNCTION_LIST = std::ptr::null_mut();
            watch.begins(Function::GetFunctionList, String::new);
            if library.C_GetFunctionList(&mut list) != sys::CKR_OK || list.is_null() {
                return Err(LoadError::NoFunctionList);
            }
            Ok(Raw {
                functions: *list,
                watch,
                _library: library,
            })
        }
    }

    /// Tells that a function is about to be called.
    fn begin(&self, function: Function, arguments: impl Fn() -> String) -> Call<'_> {
        self.watch.begins(function, arguments);
        Call {
            watch: &self.watch,
            function,
            began: Instant::now(),
        }
    }

    /// C_Initialize, with the system's locks or with none.
    pub(super) fn initialize(&self, os_locking: bool) -> Result<(), Ckr> {
        let call = self
            .functions
            .C_Initialize
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut arguments = sys::CK_C_INITIALIZE_ARGS {
            flags: if os_locking {
                sys::CKF_OS_LOCKING_OK
            } else {
                0
            },
            ..Default::default()
        };
        let flags = arguments.flags;
        let begun = self.begin(Function::Initialize, || format!("flags=0x{flags:x}"));
        // SAFETY: the arguments outlive the call; null functions mean that none are supplied.
        begun.end(unsafe { call((&raw mut arguments).cast()) })
    }

    /// C_Finalize. No call may be under way: some modules crash then.
    pub(super) fn finalize(&self) -> Result<(), Ckr> {
        let call = self
            .functions
            .C_Finalize
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let begun = self.begin(Function::Finalize, String::new);
        // SAFETY: the argument is reserved and null.
        begun.end(unsafe { call(std::ptr::null_mut()) })
    }

    /// C_GetInfo.
    pub(super) fn info(&self) -> Result<Info, Ckr> {
        let call = self
            .functions
            .C_GetInfo
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut info = sys::CK_INFO::default();
        let begun = self.begin(Function::GetInfo, String::new);
        // SAFETY: `info` is a whole CK_INFO.
        begun.end_with(unsafe { call(&mut info) }, || {
            format!(
                "manufacturerID={:?}, libraryDescription={:?}, libraryVersion={}.{}, cryptokiVersion={}.{}",
                text(&info.manufacturerID),
                text(&info.libraryDescription),
                info.libraryVersion.major,
                info.libraryVersion.minor,
                info.cryptokiVersion.major,
                info.cryptokiVersion.minor,
            )
        })?;
        let version = |version: sys::CK_VERSION| format!("{}.{}", version.major, version.minor);
        Ok(Info {
            description: text(&info.libraryDescription),
            manufacturer: text(&info.manufacturerID),
            version: version(info.libraryVersion),
            cryptoki_version: version(info.cryptokiVersion),
        })
    }

    /// C_GetSlotList, of all slots or of those with a token.
    pub(super) fn slots(&self, with_token: bool) -> Result<Vec<Slot>, Ckr> {
        let call = self
            .functions
            .C_GetSlotList
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let present = sys::CK_BBOOL::from(with_token);
        list_of(|list, count| {
            let begun = self.begin(Function::GetSlotList, || format!("tokenPresent={present}"));
            // SAFETY: see `list_of`, whose contract is C_GetSlotList's.
            let rv = unsafe { call(present, list, count) };
            begun.end_with(rv, || format!("count={}", *count))
        })
    }

    /// C_GetSlotInfo's slotDescription.
    pub(super) fn slot_description(&self, slot: Slot) -> Result<String, Ckr> {
        let call = self
            .functions
            .C_GetSlotInfo
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut info = sys::CK_SLOT_INFO::default();
        let begun = self.begin(Function::GetSlotInfo, || format!("slotID={slot}"));
        // SAFETY: `info` is a whole CK_SLOT_INFO.
        begun.end_with(unsafe { call(slot, &mut info) }, || {
            format!(
                "slotDescription={:?}, manufacturerID={:?}, flags=0x{:x}",
                text(&info.slotDescription),
                text(&info.manufacturerID),
                info.flags
            )
        })?;
        Ok(text(&info.slotDescription))
    }

    /// C_GetTokenInfo.
    pub(super) fn token_info(&self, slot: Slot) -> Result<TokenInfo, Ckr> {
        let call = self
            .functions
            .C_GetTokenInfo
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut info = sys::CK_TOKEN_INFO::default();
        let begun = self.begin(Function::GetTokenInfo, || format!("slotID={slot}"));
        // SAFETY: `info` is a whole CK_TOKEN_INFO.
        begun.end_with(unsafe { call(slot, &mut info) }, || {
            format!(
                "label={:?}, manufacturerID={:?}, model={:?}, serialNumber={:?}, flags=0x{:x}, ulMinPinLen={}, ulMaxPinLen={}",
                text(&info.label),
                text(&info.manufacturerID),
                text(&info.model),
                text(&info.serialNumber),
                info.flags,
                info.ulMinPinLen,
                info.ulMaxPinLen,
            )
        })?;
        Ok(TokenInfo {
            label: text(&info.label),
            manufacturer: text(&info.manufacturerID),
            model: text(&info.model),
            serial: text(&info.serialNumber),
            flags: info.flags,
            pin_min: info.ulMinPinLen,
            pin_max: info.ulMaxPinLen,
        })
    }

    /// C_GetMechanismList, complete.
    pub(super) fn mechanism_list(&self, slot: Slot) -> Result<Vec<Mechanism>, Ckr> {
        let call = self
            .functions
            .C_GetMechanismList
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let list = list_of(|list, count| {
            let begun = self.begin(Function::GetMechanismList, || format!("slotID={slot}"));
            // SAFETY: see `list_of`, whose contract is C_GetMechanismList's.
            let rv = unsafe { call(slot, list, count) };
            begun.end_with(rv, || format!("count={}", *count))
        })?;
        Ok(list.into_iter().map(Mechanism).collect())
    }

    /// C_GetMechanismInfo.
    pub(super) fn mechanism_info(
        &self,
        slot: Slot,
        mechanism: Mechanism,
    ) -> Result<MechanismInfo, Ckr> {
        let call = self
            .functions
            .C_GetMechanismInfo
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut info = sys::CK_MECHANISM_INFO::default();
        let arguments = || format!("slotID={slot}, type={mechanism}");
        let begun = self.begin(Function::GetMechanismInfo, arguments);
        // SAFETY: `info` is a whole CK_MECHANISM_INFO.
        begun.end_with(unsafe { call(slot, mechanism.0, &mut info) }, || {
            format!(
                "ulMinKeySize={}, ulMaxKeySize={}, flags=0x{:x}",
                info.ulMinKeySize, info.ulMaxKeySize, info.flags
            )
        })?;
        Ok(MechanismInfo {
            min: info.ulMinKeySize,
            max: info.ulMaxKeySize,
            hardware: info.flags & sys::CKF_HW != 0,
            sign: info.flags & sys::CKF_SIGN != 0,
        })
    }

    /// C_OpenSession, read-only: cardcheck never writes.
    pub(super) fn open_session(&self, slot: Slot) -> Result<SessionHandle, Ckr> {
        let call = self
            .functions
            .C_OpenSession
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut session = 0;
        let flags = sys::CKF_SERIAL_SESSION;
        let arguments = || format!("slotID={slot}, flags=0x{flags:x}");
        let begun = self.begin(Function::OpenSession, arguments);
        // SAFETY: no application pointer and no callback are given; `session` is written.
        let rv = unsafe { call(slot, flags, std::ptr::null_mut(), None, &mut session) };
        begun.end_with(rv, || format!("hSession={session}"))?;
        Ok(session)
    }

    /// C_CloseSession.
    pub(super) fn close_session(&self, session: SessionHandle) -> Result<(), Ckr> {
        let call = self
            .functions
            .C_CloseSession
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let begun = self.begin(Function::CloseSession, || format!("hSession={session}"));
        // SAFETY: a handle by value.
        begun.end(unsafe { call(session) })
    }

    /// Is the session logged in as user (C_GetSessionInfo)?
    pub(super) fn is_user_session(&self, session: SessionHandle) -> bool {
        let Some(call) = self.functions.C_GetSessionInfo else {
            return false;
        };
        let mut info = sys::CK_SESSION_INFO::default();
        let begun = self.begin(Function::GetSessionInfo, || format!("hSession={session}"));
        // SAFETY: `info` is a whole CK_SESSION_INFO.
        let rv = unsafe { call(session, &mut info) };
        let answered = begun.end_with(rv, || format!("state={}", info.state));
        answered.is_ok()
            && [sys::CKS_RO_USER_FUNCTIONS, sys::CKS_RW_USER_FUNCTIONS].contains(&info.state)
    }

    /// C_Login; without a PIN where the reader's pad takes it.
    pub(super) fn login(
        &self,
        session: SessionHandle,
        user: User,
        pin: Option<&[u8]>,
    ) -> Result<(), Ckr> {
        let call = self.functions.C_Login.ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let (user, name) = match user {
            User::User => (sys::CKU_USER, "CKU_USER"),
            User::ContextSpecific => (sys::CKU_CONTEXT_SPECIFIC, "CKU_CONTEXT_SPECIFIC"),
        };
        // neither the PIN nor its length
        let shown = pin.map_or("NULL", |_| "[a PIN]");
        let arguments = || format!("hSession={session}, userType={name}, pPin={shown}");
        let begun = self.begin(Function::Login, arguments);
        let (pointer, length) = pin.map_or((std::ptr::null(), 0), |pin| (pin.as_ptr(), pin.len()));
        // SAFETY: the PIN is only read, whatever the prototype says.
        begun.end(unsafe { call(session, user, pointer.cast_mut(), length as sys::CK_ULONG) })
    }

    /// C_FindObjectsInit, C_FindObjects until it gives no more, C_FindObjectsFinal: all objects of this class.
    pub(super) fn find(
        &self,
        session: SessionHandle,
        class: sys::CK_OBJECT_CLASS,
    ) -> Result<Vec<ObjectHandle>, Ckr> {
        let functions = &self.functions;
        let (Some(begin), Some(next), Some(end)) = (
            functions.C_FindObjectsInit,
            functions.C_FindObjects,
            functions.C_FindObjectsFinal,
        ) else {
            return Err(Ckr::FUNCTION_NOT_SUPPORTED);
        };
        let mut template = sys::CK_ATTRIBUTE {
            type_: sys::CKA_CLASS,
            // only read, whatever the prototype says
            pValue: (&raw const class).cast_mut().cast(),
            ulValueLen: size_of_val(&class) as sys::CK_ULONG,
        };
        let mut found = Vec::new();
        let arguments = || format!("hSession={session}, CKA_CLASS={class}");
        let begun = self.begin(Function::FindObjectsInit, arguments);
        // SAFETY: the template outlives the search.
        begun.end(unsafe { begin(session, &mut template, 1) })?;
        let searched = loop {
            let mut some: [ObjectHandle; FOUND_AT_ONCE] = [0; FOUND_AT_ONCE];
            let mut count = 0;
            let most = FOUND_AT_ONCE as sys::CK_ULONG;
            let begun = self.begin(Function::FindObjects, || format!("hSession={session}"));
            // SAFETY: at most FOUND_AT_ONCE handles are written.
            let rv = unsafe { next(session, some.as_mut_ptr(), most, &mut count) };
            let answered = begun.end_with(rv, || format!("ulObjectCount={count}"));
            let before = found.len();
            for handle in some.into_iter().take(usize_of(count)) {
                if !found.contains(&handle) {
                    found.push(handle);
                }
            }
            // some modules never say that they are through, and give the last ones again and again
            if answered.is_err() || found.len() == before || found.len() > MOST_FOUND {
                break answered;
            }
        };
        let begun = self.begin(Function::FindObjectsFinal, || format!("hSession={session}"));
        // SAFETY: a handle by value.
        let ended = begun.end(unsafe { end(session) });
        searched.and(ended).map(|()| found)
    }

    /// One attribute's bytes as they are; `None` if the object doesn't have it or won't show it.
    pub(super) fn attribute(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        kind: sys::CK_ATTRIBUTE_TYPE,
    ) -> Result<Option<Vec<u8>>, Ckr> {
        let call = self
            .functions
            .C_GetAttributeValue
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut attribute = sys::CK_ATTRIBUTE {
            type_: kind,
            pValue: std::ptr::null_mut(),
            ulValueLen: 0,
        };
        let arguments = || format!("hSession={session}, hObject={object}, type=0x{kind:x}");
        let begun = self.begin(Function::GetAttributeValue, arguments);
        // SAFETY: with a null pValue the call writes only the length.
        let rv = unsafe { call(session, object, &mut attribute, 1) };
        match begun.end_with(rv, || format!("ulValueLen={}", attribute.ulValueLen)) {
            Ok(()) => {}
            Err(ckr) if is_absent(ckr) => return Ok(None),
            Err(ckr) => return Err(ckr),
        }
        if attribute.ulValueLen == sys::CK_UNAVAILABLE_INFORMATION {
            return Ok(None);
        }
        let mut value = vec![0u8; usize_of(attribute.ulValueLen)];
        attribute.pValue = value.as_mut_ptr().cast();
        // its true size, also where the module's own was not believed
        attribute.ulValueLen = value.len() as sys::CK_ULONG;
        let begun = self.begin(Function::GetAttributeValue, arguments);
        // SAFETY: pValue points to ulValueLen bytes, which outlive the call.
        let rv = unsafe { call(session, object, &mut attribute, 1) };
        begun.end_with(rv, || attribute_shown(kind, &value))?;
        value.truncate(usize_of(attribute.ulValueLen));
        Ok(Some(value))
    }

    /// C_SignInit.
    pub(super) fn sign_init(
        &self,
        session: SessionHandle,
        mechanism: Mechanism,
        parameter: Parameter,
        key: ObjectHandle,
    ) -> Result<(), Ckr> {
        let call = self
            .functions
            .C_SignInit
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut pss = match parameter {
            Parameter::Pss(hash) => pss_parameters(hash),
            _ => sys::CK_RSA_PKCS_PSS_PARAMS::default(),
        };
        let mut eddsa = sys::CK_EDDSA_PARAMS {
            phFlag: sys::CK_FALSE,
            ulContextDataLen: 0,
            pContextData: std::ptr::null_mut(),
        };
        let (pointer, length): (*mut std::ffi::c_void, usize) = match parameter {
            Parameter::None => (std::ptr::null_mut(), 0),
            Parameter::Pss(_) => ((&raw mut pss).cast(), size_of_val(&pss)),
            Parameter::Eddsa => ((&raw mut eddsa).cast(), size_of_val(&eddsa)),
        };
        let mut mechanism = sys::CK_MECHANISM {
            mechanism: mechanism.0,
            pParameter: pointer,
            ulParameterLen: length as sys::CK_ULONG,
        };
        let begun = self.begin(Function::SignInit, || {
            let name = Mechanism(mechanism.mechanism);
            format!("hSession={session}, mechanism={name}, pParameter={parameter}, hKey={key}")
        });
        // SAFETY: the parameter structures above outlive the call, which only reads them.
        begun.end(unsafe { call(session, &mut mechanism, key) })
    }

    /// One single-part C_Sign, into a buffer that is large enough for any signature: no length query before it.
    pub(super) fn sign(&self, session: SessionHandle, data: &[u8]) -> Result<Vec<u8>, Ckr> {
        let call = self.functions.C_Sign.ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut signature = vec![0u8; SIGNATURE_ROOM];
        let mut length = SIGNATURE_ROOM as sys::CK_ULONG;
        let begun = self.begin(Function::Sign, || {
            format!(
                "hSession={session}, pData={}, *pulSignatureLen={SIGNATURE_ROOM}",
                bytes(data)
            )
        });
        // SAFETY: `data` is only read, whatever the prototype says; at most `length` bytes of `signature` are written.
        let rv = unsafe {
            call(
                session,
                data.as_ptr().cast_mut(),
                data.len() as sys::CK_ULONG,
                signature.as_mut_ptr(),
                &mut length,
            )
        };
        let given = || {
            signature
                .get(..usize_of(length))
                .map_or_else(String::new, bytes)
        };
        begun.end_with(rv, || format!("pSignature={}", given()))?;
        signature.truncate(usize_of(length));
        Ok(signature)
    }
}

/// A call that was told to the watch, and whose end has to be.
struct Call<'a> {
    watch: &'a Watch,
    function: Function,
    began: Instant,
}

impl Call<'_> {
    fn end(self, rv: sys::CK_RV) -> Result<(), Ckr> {
        self.end_with(rv, String::new)
    }

    /// `results`: what the call gave, beside CKR_OK.
    fn end_with(self, rv: sys::CK_RV, results: impl Fn() -> String) -> Result<(), Ckr> {
        let answer = ok(rv);
        let results = || answer.map_or_else(|_| String::new(), |()| results());
        self.watch
            .ended(self.function, answer, self.began.elapsed(), results);
        answer
    }
}

/// An attribute's value as a trace may show it: nothing that is ever part of a private key.
fn attribute_shown(kind: sys::CK_ATTRIBUTE_TYPE, value: &[u8]) -> String {
    let public = [
        sys::CKA_CLASS,
        sys::CKA_LABEL,
        sys::CKA_ID,
        sys::CKA_KEY_TYPE,
        sys::CKA_CERTIFICATE_TYPE,
        sys::CKA_SIGN,
        sys::CKA_ALWAYS_AUTHENTICATE,
        sys::CKA_ALLOWED_MECHANISMS,
        sys::CKA_MODULUS,
        sys::CKA_MODULUS_BITS,
        sys::CKA_PUBLIC_EXPONENT,
        sys::CKA_PUBLIC_KEY_INFO,
        sys::CKA_EC_PARAMS,
        sys::CKA_EC_POINT,
    ];
    match public.contains(&kind) {
        true => format!("pValue={}", bytes(value)),
        false => format!("pValue=[{} bytes, left out]", value.len()),
    }
}

/// The first bytes in hex, and how many there are.
fn bytes(data: &[u8]) -> String {
    let mut shown = String::new();
    for byte in data.iter().take(SHOWN) {
        // writing to a String can't fail
        let _ = write!(shown, "{byte:02x}");
    }
    let more = if data.len() > SHOWN { "..." } else { "" };
    format!("{shown}{more} ({} bytes)", data.len())
}

fn pss_parameters(hash: Hash) -> sys::CK_RSA_PKCS_PSS_PARAMS {
    sys::CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: Mechanism::digest(hash).0,
        mgf: match hash {
            Hash::Sha1 => sys::CKG_MGF1_SHA1,
            Hash::Sha224 => sys::CKG_MGF1_SHA224,
            Hash::Sha256 => sys::CKG_MGF1_SHA256,
            Hash::Sha384 => sys::CKG_MGF1_SHA384,
            Hash::Sha512 => sys::CKG_MGF1_SHA512,
        },
        sLen: hash.digest_len() as sys::CK_ULONG,
    }
}

/// The object lacks the attribute, or keeps it to itself.
fn is_absent(ckr: Ckr) -> bool {
    [
        sys::CKR_ATTRIBUTE_TYPE_INVALID,
        sys::CKR_ATTRIBUTE_SENSITIVE,
    ]
    .contains(&ckr.0)
}

fn ok(rv: sys::CK_RV) -> Result<(), Ckr> {
    if rv == sys::CKR_OK {
        Ok(())
    } else {
        Err(Ckr(rv))
    }
}

/// How often a list is asked for that grows between the two questions, as that of the slots does when a card is put in.
const LIST_TRIES: usize = 3;

/// A list by PKCS#11's idiom: asked for its length with no buffer, then for its entries with one. `call` writes the count,
/// and at most so many entries as the count it is given says.
fn list_of(
    mut call: impl FnMut(*mut sys::CK_ULONG, &mut sys::CK_ULONG) -> Result<(), Ckr>,
) -> Result<Vec<sys::CK_ULONG>, Ckr> {
    let grew = Err(Ckr::BUFFER_TOO_SMALL);
    let mut tries = (0..LIST_TRIES).map(|_| list_once(&mut call));
    tries.find(|list| *list != grew).unwrap_or(grew)
}

fn list_once(
    mut call: impl FnMut(*mut sys::CK_ULONG, &mut sys::CK_ULONG) -> Result<(), Ckr>,
) -> Result<Vec<sys::CK_ULONG>, Ckr> {
    let mut count: sys::CK_ULONG = 0;
    call(std::ptr::null_mut(), &mut count)?;
    let mut list: Vec<sys::CK_ULONG> = vec![0; usize_of(count)];
    count = list.len() as sys::CK_ULONG;
    call(list.as_mut_ptr(), &mut count)?;
    list.truncate(usize_of(count));
    Ok(list)
}

/// A field padded with blanks, as PKCS#11 has it, or with NUL, as some modules do.
fn text(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    text.trim_end_matches(['\0', ' ']).trim_start().to_owned()
}

/// A module's own count; one that doesn't fit in memory is cut to nothing, not trusted.
fn usize_of(count: sys::CK_ULONG) -> usize {
    /// No list or attribute of a sane token is longer; a module that claims more is not obeyed.
    const SANE: usize = 1 << 24;
    usize::try_from(count).map_or(0, |count| if count > SANE { 0 } else { count })
}
