//! A walk over things that need one another: each is visited once, without recursion, so that neither
//! long chains nor many ways to one thing cost more than there are things and needs.

/// Of a longer circle, so many members are told.
const SHOWN_MEMBERS: usize = 12;

/// Things that need one another in turn; the last one needs the first.
pub(super) struct Circle {
    /// Beginning with the one that comes first in the files.
    members: Vec<usize>,
    /// How many stand between the last two members and are not among them.
    left_out: usize,
}

impl Circle {
    fn of(path: &[usize]) -> Self {
        if let ([first @ .., last], true) = (path, path.len() > SHOWN_MEMBERS) {
            let mut members = first[..SHOWN_MEMBERS - 1].to_vec();
            members.push(*last);
            return Self { members, left_out: path.len() - SHOWN_MEMBERS };
        }
        let mut members = path.to_vec();
        let first = (0..members.len()).min_by_key(|index| members[*index]).unwrap_or_default();
        members.rotate_left(first);
        Self { members, left_out: 0 }
    }

    pub(super) fn members(&self) -> &[usize] {
        &self.members
    }

    /// The member that all others lead back to.
    pub(super) fn first(&self) -> usize {
        self.members.first().copied().unwrap_or_default()
    }

    /// The member that closes the circle.
    pub(super) fn last(&self) -> usize {
        self.members.last().copied().unwrap_or_default()
    }

    /// `` `a` -> `b` -> `a` ``.
    pub(super) fn shown<'n>(&self, name_of: impl Fn(usize) -> &'n str) -> String {
        let mut parts: Vec<String> =
            self.members.iter().map(|member| format!("`{}`", name_of(*member))).collect();
        if self.left_out > 0 {
            parts.insert(parts.len() - 1, format!("{} more", self.left_out));
        }
        format!("{} -> `{}`", parts.join(" -> "), name_of(self.first()))
    }
}

/// What is known of a thing on the way.
#[derive(Clone, Copy)]
enum State {
    Unvisited,
    /// At this place of the path.
    Open(usize),
    Done,
}

/// One thing on the path, and how many of its needs have been looked at.
struct Step {
    thing: usize,
    looked_at: usize,
}

/// Goes to every thing by its number, to what it needs first. `needs` holds for each the numbers of
/// what it needs.
///
/// A need that leads back to a thing on the way there closes a circle and is told once. `on_done`
/// is called for each thing after all that it needs, as far as no circle is in the way.
pub(super) fn walk(needs: &[Vec<usize>], mut on_circle: impl FnMut(Circle), mut on_done: impl FnMut(usize)) {
    let mut states = vec![State::Unvisited; needs.len()];
    let mut steps: Vec<Step> = Vec::new();
    let mut path: Vec<usize> = Vec::new();
    for start in 0..needs.len() {
        if matches!(states[start], State::Unvisited) {
            states[start] = State::Open(0);
            path.push(start);
            steps.push(Step { thing: start, looked_at: 0 });
        }
        while let Some(step) = steps.last_mut() {
            let Some(&needed) = needs[step.thing].get(step.looked_at) else {
                states[step.thing] = State::Done;
                on_done(step.thing);
                steps.pop();
                path.pop();
                continue;
            };
            step.looked_at += 1;
            match states[needed] {
                State::Done => {}
                State::Open(place) => on_circle(Circle::of(&path[place..])),
                State::Unvisited => {
                    states[needed] = State::Open(path.len());
                    path.push(needed);
                    steps.push(Step { thing: needed, looked_at: 0 });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(needs: &[Vec<usize>]) -> (Vec<Vec<usize>>, Vec<usize>) {
        let (mut circles, mut done) = (Vec::new(), Vec::new());
        walk(needs, |circle| circles.push(circle.members().to_vec()), |thing| done.push(thing));
        (circles, done)
    }

    #[test]
    fn what_is_needed_is_done_first() {
        let (circles, done) = walked(&[vec![2, 1], vec![2], vec![3], vec![]]);
        assert_eq!((circles, done), (vec![], vec![3, 2, 1, 0]));
    }

    #[test]
    fn each_circle_is_told_once_from_its_first_member() {
        let (circles, done) = walked(&[vec![2], vec![2], vec![1, 2], vec![1]]);
        assert_eq!(circles, [vec![1, 2], vec![2]]);
        assert_eq!(done, [1, 2, 0, 3]);
    }

    #[test]
    fn many_ways_and_long_ways_are_walked_once() {
        // Two ways at each of 100,000 steps: no recursion could, and no walk without memory.
        let count = 100_000;
        let needs: Vec<Vec<usize>> =
            (0..count).map(|thing| if thing + 1 < count { vec![thing + 1; 2] } else { vec![] }).collect();
        let (circles, done) = walked(&needs);
        assert_eq!((circles.len(), done.len()), (0, count));
    }

    #[test]
    fn long_circles_are_told_in_part() {
        let needs: Vec<Vec<usize>> = (0..1000).map(|thing| vec![(thing + 1) % 1000]).collect();
        let names: Vec<String> = (0..1000).map(|thing| format!("c{thing}")).collect();
        let mut told = Vec::new();
        walk(&needs, |circle| told.push(circle.shown(|member| &names[member])), |_| {});
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("`c0` -> `c1` -> "), "{}", told[0]);
        assert!(told[0].ends_with("`c10` -> 988 more -> `c999` -> `c0`"), "{}", told[0]);
    }
}
