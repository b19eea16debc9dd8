//! The Pareto front: the settings than which none is better in one thing and as good in the others.

use crate::model::advice::Weighed;

/// Marks them. What is good: a short list, a strict policy, many logins. Today's settings are no advice, and one that lets nobody
/// in is none either.
pub(super) fn mark(settings: &mut [Weighed]) {
    let on_front: Vec<bool> = (0..settings.len())
        .map(|at| is_on_front(settings, at))
        .collect();
    for (weighed, on_front) in settings.iter_mut().zip(on_front) {
        weighed.on_front = on_front;
    }
}

fn is_on_front(settings: &[Weighed], at: usize) -> bool {
    let advised = |weighed: &&Weighed| !weighed.setting.today && weighed.logins() > 0;
    let Some(own) = settings.get(at).filter(advised) else {
        return false;
    };
    let mut others = settings.iter().enumerate();
    !others.any(|(other_at, other)| advised(&other) && is_better(other, own, other_at < at))
}

/// `first`: of two that are alike, it is the one to keep.
fn is_better(other: &Weighed, own: &Weighed, first: bool) -> bool {
    let (theirs, ours) = (&other.setting, &own.setting);
    let goods = [
        ours.schemes.len().cmp(&theirs.schemes.len()),
        theirs.strictness().cmp(&ours.strictness()),
        other.logins().cmp(&own.logins()),
    ];
    goods.iter().all(|good| good.is_ge()) && (first || goods.iter().any(|good| good.is_gt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::settings::proposed;
    use crate::model::advice::Counts;
    use proptest::prelude::*;

    fn weighed(logins: &[u64]) -> Vec<Weighed> {
        let counted = |(setting, let_in): (_, &u64)| Weighed {
            setting,
            counts: vec![Counts {
                let_in: *let_in,
                ..Counts::default()
            }],
            on_front: false,
            breaks: Vec::new(),
            remedies: Vec::new(),
        };
        proposed().into_iter().zip(logins).map(counted).collect()
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_no_better_than_something_that_is_not(logins in prop::collection::vec(0u64..4, 26)) {
            let mut settings = weighed(&logins);
            mark(&mut settings);
            let (front, rest): (Vec<_>, Vec<_>) = settings.iter().partition(|weighed| weighed.on_front);
            for out in rest {
                prop_assert!(out.logins() == 0 || front.iter().any(|kept| is_better(kept, out, true)));
            }
            for one in &front {
                prop_assert!(!front.iter().any(|other| is_better(other, one, false)));
            }
        }
    }
}
