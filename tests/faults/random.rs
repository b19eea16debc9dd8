//! Many runs with a random fault each.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::at_once::{at_once, say};
use super::scene::Scene;
use super::support::faulty_module;

/// The number of runs, as the issue that brought them asks.
const RANDOM_RUNS: u64 = 200;

#[test]
fn two_hundred_runs_with_a_random_fault_lose_no_cell() {
    let seed = std::env::var("CARDCHECK_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
    say(&format!("random faults: CARDCHECK_SEED={seed}\n"));
    let mut random = Random(seed);
    let rules: Vec<String> = (0..RANDOM_RUNS)
        .map(|_| random_rules(&mut random))
        .collect();
    let tally = Mutex::new(BTreeMap::<String, usize>::new());
    at_once(&rules, |rules| {
        let Some(scene) = Scene::set("bench", rules) else {
            return;
        };
        let ran = scene.run(&faulty_module(), "--timeout 300ms");
        let ended = match ran.code() {
            Some(3) if ran.stdout().is_empty() => "no report, and the reason on stderr",
            Some(0 | 1 | 3 | 4) => {
                scene.all_cells_are_told(&ran);
                scene.each_strike_costs_one_cell(rules);
                "a whole report"
            }
            code => panic!("{rules}: {code:?}\n{}", ran.stderr()),
        };
        scene.is_left_clean();
        *tally.lock().unwrap().entry(ended.into()).or_default() += 1;
    });
    say(&format!(
        "random faults: {:?}\n",
        tally.into_inner().unwrap()
    ));
}

/// xorshift: the faults must be the same for the same seed, and no more.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    since.as_millis() as u64
}

fn random_rules(random: &mut Random) -> String {
    let function = random.one(&[
        "C_Initialize",
        "C_GetTokenInfo",
        "C_OpenSession",
        "C_Login",
        "C_FindObjects",
        "C_GetAttributeValue",
        "C_SignInit",
        "C_Sign",
        "C_Sign",
        "C_CloseSession",
        "C_Finalize",
    ]);
    let action = random.one(&[
        "hang",
        "segfault",
        "abort",
        "exit 3",
        "ckr 0x05",
        "ckr 0x30",
        "ckr 0x32",
        "ckr 0xb3",
        "ckr 0x101",
        "delay 30",
    ]);
    let (after, times) = (random.below(35), 1 + random.below(3));
    format!("on {function} after {after} times {times} {action}")
}
