//! What a signature costs beyond the calls that make it, because the module lives in another process: `scripts/bench` runs
//! it on the token `bench`, and puts the number it prints into its table.
//!
//! ```text
//! host PROGRAM MODULE COUNT     microseconds: a request to a host, the same calls in this process, the difference (medians)
//! ```

#[path = "../modules/player.rs"]
mod player;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cardcheck::model::key_type::KeyType;
use cardcheck::model::route::Route;
use cardcheck::model::scheme::Scheme;
use cardcheck::model::sign::Sign;
use cardcheck::token::launch::Launch;
use cardcheck::token::protocol::{Login, Pin};
use cardcheck::token::{Host, Module};

use player::Player;

/// What `player` takes from the tests.
mod support {
    pub(crate) const PIN: &str = "1234";
}

const ECDSA_SECP256R1_SHA256: Scheme = Scheme(0x0403);

fn main() {
    // cargo's own flag comes last
    let arguments: Vec<_> = std::env::args().skip(1).take(3).collect();
    let [program, module, count] = arguments.as_slice() else {
        eprintln!("usage: host PROGRAM MODULE COUNT");
        std::process::exit(2);
    };
    let count = count.parse().unwrap();
    let mut here = ready_here(module);
    let (host, key) = ready_host(program, module);
    let signer = host.signer(key);
    // in turns, so that whatever else the machine does slows both
    let pairs: Vec<_> = (0..count)
        .map(|_| {
            let there = timed(|| {
                let signed = signer.sign(ECDSA_SECP256R1_SHA256, Route::Ecdsa, &[0x20; 146]);
                assert!(signed.is_ok(), "{signed:?}");
            });
            let here = timed(|| {
                assert_eq!(here.step("C_SignInit"), "CKR_OK");
                assert_eq!(here.step("C_Sign"), "CKR_OK");
            });
            (there, here)
        })
        .collect();
    let there = median(pairs.iter().map(|(there, _)| *there).collect());
    let here = median(pairs.iter().map(|(_, here)| *here).collect());
    println!("{there:.1} {here:.1} {:.1}", there - here);
}

/// A session in this process.
fn ready_here(module: &str) -> Player {
    let mut player = Player::new(module.as_ref());
    for step in ["C_OpenSession", "C_Login", "C_FindObjectsInit"] {
        assert_eq!(player.step(step), "CKR_OK", "{step}");
    }
    assert_eq!(player.step("C_FindObjects"), "1 found");
    assert_eq!(player.step("C_FindObjectsFinal"), "CKR_OK");
    player
}

/// A host that is logged in, and the place of its EC key.
fn ready_host(program: &str, module: &str) -> (Host, usize) {
    let mut module = Module::load(Launch {
        program: program.into(),
        arguments: vec!["token-host".into()],
        without_variables: Vec::new(),
        module: PathBuf::from(module),
        trace: None,
        timeout: Duration::from_secs(30),
        discreet: false,
        cancelled: Arc::default(),
        listener: Arc::new(|notice| eprintln!("{notice:?}")),
    })
    .unwrap();
    let slot = module.slots().unwrap().with_token[0];
    let token = module.describe(slot).unwrap();
    let host = module.host(token);
    host.login(Login::Pin(Pin::new(support::PIN.into())))
        .unwrap();
    let keys = host.inventory().unwrap().keys;
    let key = keys.iter().position(|key| key.key_type == KeyType::Ec);
    (host, key.unwrap())
}

/// Microseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64() * 1e6
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
