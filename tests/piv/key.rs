//! The card's private keys, and what they make of a challenge (SP 800-73-4 part 2, 3.2.4).

use num_bigint::BigUint;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;

/// A private key that the card can hold.
#[derive(Clone)]
pub enum PrivateKey {
    Rsa(Box<Rsa>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

/// An RSA key, to sign by the Chinese remainder theorem.
#[derive(Clone)]
pub struct Rsa {
    modulus: BigUint,
    p: BigUint,
    q: BigUint,
    d_p: BigUint,
    d_q: BigUint,
    q_inverse: BigUint,
}

impl PrivateKey {
    /// From PKCS#8 in DER.
    ///
    /// # Errors
    /// It is no RSA, P-256 or P-384 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, String> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(PrivateKey::P256(key));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(PrivateKey::P384(key));
        }
        let rsa = PrivateKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
        let rsa = RsaPrivateKeyRef::try_from(rsa.private_key.as_bytes())
            .map_err(|_| "not a key for RSA, P-256 or P-384".to_owned())?;
        Ok(PrivateKey::Rsa(Box::new(Rsa::from(&rsa))))
    }

    /// The algorithm's identifier (SP 800-78-4, table 6-2; larger RSA keys as SP 800-78-5 has them).
    pub fn algorithm(&self) -> u8 {
        match self {
            PrivateKey::P256(_) => 0x11,
            PrivateKey::P384(_) => 0x14,
            PrivateKey::Rsa(rsa) => match rsa.modulus.bits() {
                ..1025 => 0x06,
                1025..2049 => 0x07,
                2049..3073 => 0x05,
                _ => 0x16,
            },
        }
    }

    /// The answer to a challenge: RSA's private operation on a padded block, or ECDSA over a hash, in DER. `None`: the
    /// challenge is none for this key.
    pub fn sign(&self, challenge: &[u8]) -> Option<Vec<u8>> {
        match self {
            PrivateKey::Rsa(rsa) => rsa.sign(challenge),
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(challenge).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            PrivateKey::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(challenge).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

impl Rsa {
    fn sign(&self, block: &[u8]) -> Option<Vec<u8>> {
        let length = self.modulus.bits().div_ceil(8) as usize;
        let number = BigUint::from_bytes_be(block);
        if block.len() != length || number >= self.modulus {
            return None;
        }
        let by_p = number.modpow(&self.d_p, &self.p);
        let by_q = number.modpow(&self.d_q, &self.q);
        // q may be larger than p
        let difference = (&by_p + &self.p - &by_q % &self.p) % &self.p;
        let signature = by_q + (difference * &self.q_inverse % &self.p) * &self.q;
        let bytes = signature.to_bytes_be();
        Some([vec![0; length - bytes.len()], bytes].concat())
    }
}

impl From<&RsaPrivateKeyRef<'_>> for Rsa {
    fn from(key: &RsaPrivateKeyRef<'_>) -> Rsa {
        let number = |number: &pkcs1::UintRef<'_>| BigUint::from_bytes_be(number.as_bytes());
        Rsa {
            modulus: number(&key.modulus),
            p: number(&key.prime1),
            q: number(&key.prime2),
            d_p: number(&key.exponent1),
            d_q: number(&key.exponent2),
            q_inverse: number(&key.coefficient),
        }
    }
}
