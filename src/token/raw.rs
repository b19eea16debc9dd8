//! The calls that `cryptoki` lacks, made through `cryptoki-sys`: the one file with unsafe code.
//!
//! `cryptoki` drops vendor and unknown mechanisms from C_GetMechanismList, has no single-part C_Sign apart from C_SignInit
//! (an always-authenticate key logs in between the two), asks for a signature's length with a C_Sign of its own, and
//! fails whole attribute reads over one value that it can't parse. All calls here take a `cryptoki` [`Session`], which
//! must be of the same module.
#![allow(unsafe_code)] // PKCS#11 is a C interface; every other file forbids it

use std::path::Path;

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki_sys as sys;

use crate::model::ckr::Ckr;
use crate::model::hash::Hash;
use crate::model::mechanism::Mechanism;

/// The longest signature asked for: ML-DSA-87's 4627 bytes, and room.
const SIGNATURE_ROOM: usize = 8192;

/// A loaded module's function list.
pub(super) struct Raw {
    functions: sys::CK_FUNCTION_LIST,
    /// Keeps the code in memory that `functions` points into.
    _library: sys::Pkcs11,
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

/// The answer of C_GetMechanismInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MechanismInfo {
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) hardware: bool,
    pub(super) sign: bool,
}

/// A module without C_GetFunctionList, or one that it answers with an error.
#[derive(Debug, thiserror::Error)]
#[error("C_GetFunctionList gives no function list")]
pub(super) struct NoFunctionList;

impl Raw {
    /// Takes the 2.40 function list of a module that is loaded already.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn load(path: &Path) -> Result<Raw, NoFunctionList> {
        // SAFETY: loading runs the library's constructors. `cryptoki` loaded the same file just before, so they have
        // run; here the loader only counts another user. The list is read after CKR_OK and a null check, and copied.
        unsafe {
            let library = sys::Pkcs11::new(path).map_err(|_| NoFunctionList)?;
            if library.C_GetFunctionList.is_err() {
                return Err(NoFunctionList);
            }
            let mut list: *mut sys::CK_FUNCTION_LIST = std::ptr::null_mut();
            if library.C_GetFunctionList(&mut list) != sys::CKR_OK || list.is_null() {
                return Err(NoFunctionList);
            }
            Ok(Raw {
                functions: *list,
                _library: library,
            })
        }
    }

    /// C_GetMechanismList, complete.
    pub(super) fn mechanism_list(&self, slot: u64) -> Result<Vec<Mechanism>, Ckr> {
        let call = self
            .functions
            .C_GetMechanismList
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut count: sys::CK_ULONG = 0;
        // SAFETY: with a null list the call writes only the count; with a buffer, at most `count` entries of it.
        unsafe {
            ok(call(slot, std::ptr::null_mut(), &mut count))?;
            let mut list: Vec<sys::CK_MECHANISM_TYPE> = vec![0; usize_of(count)];
            ok(call(slot, list.as_mut_ptr(), &mut count))?;
            list.truncate(usize_of(count));
            Ok(list.into_iter().map(Mechanism).collect())
        }
    }

    /// C_GetMechanismInfo.
    pub(super) fn mechanism_info(
        &self,
        slot: u64,
        mechanism: Mechanism,
    ) -> Result<MechanismInfo, Ckr> {
        let call = self
            .functions
            .C_GetMechanismInfo
            .ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut info = sys::CK_MECHANISM_INFO::default();
        // SAFETY: `info` is a whole CK_MECHANISM_INFO.
        ok(unsafe { call(slot, mechanism.0, &mut info) })?;
        Ok(MechanismInfo {
            min: info.ulMinKeySize,
            max: info.ulMaxKeySize,
            hardware: info.flags & sys::CKF_HW != 0,
            sign: info.flags & sys::CKF_SIGN != 0,
        })
    }

    /// One attribute's bytes as they are; `None` if the object doesn't have it or won't show it.
    pub(super) fn attribute(
        &self,
        session: &Session,
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
        // SAFETY: with a null pValue the call writes only the length; then pValue points to that many bytes.
        unsafe {
            match ok(call(session.handle(), object.handle(), &mut attribute, 1)) {
                Ok(()) => {}
                Err(ckr) if is_absent(ckr) => return Ok(None),
                Err(ckr) => return Err(ckr),
            }
            if attribute.ulValueLen == sys::CK_UNAVAILABLE_INFORMATION {
                return Ok(None);
            }
            let mut value = vec![0u8; usize_of(attribute.ulValueLen)];
            attribute.pValue = value.as_mut_ptr().cast();
            ok(call(session.handle(), object.handle(), &mut attribute, 1))?;
            value.truncate(usize_of(attribute.ulValueLen));
            Ok(Some(value))
        }
    }

    /// C_SignInit.
    pub(super) fn sign_init(
        &self,
        session: &Session,
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
        // SAFETY: the parameter structures above outlive the call, which only reads them.
        ok(unsafe { call(session.handle(), &mut mechanism, key.handle()) })
    }

    /// One single-part C_Sign, into a buffer that is large enough for any signature: no length query before it.
    pub(super) fn sign(&self, session: &Session, data: &[u8]) -> Result<Vec<u8>, Ckr> {
        let call = self.functions.C_Sign.ok_or(Ckr::FUNCTION_NOT_SUPPORTED)?;
        let mut signature = vec![0u8; SIGNATURE_ROOM];
        let mut length = SIGNATURE_ROOM as sys::CK_ULONG;
        // SAFETY: `data` is only read, whatever the prototype says; at most `length` bytes of `signature` are written.
        ok(unsafe {
            call(
                session.handle(),
                data.as_ptr().cast_mut(),
                data.len() as sys::CK_ULONG,
                signature.as_mut_ptr(),
                &mut length,
            )
        })?;
        signature.truncate(usize_of(length));
        Ok(signature)
    }
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

/// A module's own count; one that doesn't fit in memory is cut to nothing, not trusted.
fn usize_of(count: sys::CK_ULONG) -> usize {
    /// No list or attribute of a sane token is longer; a module that claims more is not obeyed.
    const SANE: usize = 1 << 24;
    usize::try_from(count).map_or(0, |count| if count > SANE { 0 } else { count })
}
