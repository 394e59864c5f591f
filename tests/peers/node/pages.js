// pages.js STEP - drives the public pages with Chromium, as a customer without JavaScript does.
// Prints "ok NAME" and "not ok NAME: why" lines.  Addresses come by environment:
// PAGE SURVEY PREFERENCES UNSUBSCRIBE CLICK PAGE_KO SURVEY_KO ...  FL_SCREENSHOTS: a folder.
'use strict';
const fs = require('fs');
const path = require('path');
const modules = path.join(process.env.FL_NODE, 'node_modules');
const { chromium } = require(path.join(modules, 'playwright-core'));
const axe = fs.readFileSync(path.join(modules, 'axe-core', 'axe.min.js'), 'utf8');
const env = process.env;
const PAGE_MAX = 50 * 1024;
const TARGET_MIN = 24;

let failed = false;
function say(isFine, name, why) {
  failed = failed || !isFine;
  console.log(isFine ? `ok ${name}` : `not ok ${name}: ${String(why).replace(/\s+/g, ' ')}`);
}
function same(name, got, expected) {
  say(JSON.stringify(got) === JSON.stringify(expected), name,
      `got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

// Another page of the same token, by its letter.
function beside(url, letter, query) {
  return url.replace(/\/[a-z]\/(\w{40}).*/, `/${letter}/$1`) + (query || '');
}

// --- what every page must be --------------------------------------------------------------------

// Runs inside the page: targets smaller than 24 px that are no words in a sentence.
function smallTargets(min) {
  const small = [];
  for (const e of document.querySelectorAll('a, button, input:not([type=hidden]), textarea')) {
    const inText = e.tagName === 'A' && getComputedStyle(e).display === 'inline' &&
        e.closest('p, li, td, article');
    let box = e.getBoundingClientRect();
    const label = e.closest('label');
    if (label) box = label.getBoundingClientRect();
    if (!inText && !e.classList.contains('skip') && (box.width < min || box.height < min))
      small.push(`${e.tagName} ${e.textContent.trim()} ${box.width}x${box.height}`);
  }
  return small;
}

async function lookAt(browser, what, url, width, scheme, language) {
  // The checker needs JavaScript; the policy of the page would rightly not let it in.
  const context = await browser.newContext({
    viewport: { width, height: 800 }, colorScheme: scheme, bypassCSP: true, locale: language
  });
  const page = await context.newPage();
  const name = `${what} ${language} ${width} ${scheme}`;
  const foreign = [], broken = [];
  page.on('request', r => {
    if (!r.url().startsWith(new URL(url).origin) && !r.url().startsWith('data:'))
      foreign.push(r.url());
  });
  page.on('console', m => { if (m.type() === 'error') broken.push(m.text()); });
  const response = await page.goto(url + (url.includes('?') ? '&' : '?') + 'l=' + language);
  const weight = (await response.body()).length;
  const state = await page.evaluate(() => ({
    language: document.documentElement.lang,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth
  }));
  const small = await page.evaluate(smallTargets, TARGET_MIN);
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  }));
  const violations = result.violations.map(v => `${v.id} ${v.nodes.map(n => n.html).join(' ')}`);
  if (env.FL_SCREENSHOTS)
    await page.screenshot({
      path: path.join(env.FL_SCREENSHOTS, `${name.replace(/ /g, '-')}.png`), fullPage: true
    });
  await context.close();
  const faults = [];
  if (state.language !== language) faults.push(`lang is ${state.language}`);
  if (state.overflow > 0) faults.push(`${state.overflow} px wider than the screen`);
  if (weight > PAGE_MAX) faults.push(`${weight} bytes`);
  if (foreign.length) faults.push(`asks elsewhere: ${foreign}`);
  if (broken.length && response.status() < 400) faults.push(`console: ${broken}`);
  if (small.length) faults.push(`small targets: ${small}`);
  return faults.concat(violations).map(f => `${name}: ${f}`);
}

async function look(browser) {
  const pages = {
    message: env.PAGE, inbox: beside(env.PAGE, 'i'), survey: env.SURVEY,
    'survey-own': beside(env.PAGE, 's'), thanks: env.SURVEY + '?done=1',
    preferences: beside(env.PAGE, 'p'), saved: beside(env.PAGE, 'p', '?done=1'),
    'opt-out': env.UNSUBSCRIBE, contact: beside(env.PAGE, 'k'),
    'contact-done': beside(env.PAGE, 'k', '?done=1'), 'not-found': beside(env.PAGE, 'x')
  };
  for (const [what, url] of Object.entries(pages)) {
    let faults = [];
    for (const width of [360, 1280])
      for (const scheme of ['light', 'dark'])
        for (const language of ['en', 'ko'])
          faults = faults.concat(await lookAt(browser, what, url, width, scheme, language));
    say(!faults.length, `${what}: clean at 360 and 1280 px, light and dark, English and Korean`,
        faults.slice(0, 4).join(' | '));
  }
}

// --- a customer without JavaScript ----------------------------------------------------------------

async function customer(browser, work) {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 }, javaScriptEnabled: false, locale: 'en'
  });
  const page = await context.newPage();
  await work(page);
  await context.close();
}
const at = page => new URL(page.url()).pathname + new URL(page.url()).search;

async function surveyHalf(browser) {
  await customer(browser, async page => {
    await page.goto(env.SURVEY);
    await page.locator('button').click();
    same('an empty survey is shown again', await page.locator('h1').textContent(), 'Survey');
    const link = page.locator('.faults a');
    same('its summary names what is wrong', await link.textContent(), 'Answer at least one question');
    await link.click();
    say(await page.locator(':target').count() === 1, 'and leads to the question', page.url());
    await page.locator('input[name=n_satisfaction][value="4"]').check({ force: true });
    await page.getByLabel('Cheese').check();
    await page.locator('button').click();
    say(at(page).includes('?done=1'), 'half of it is sent and answered with a redirect', at(page));
    same('with thanks', await page.locator('h1').textContent(), 'Thank you');
  });
}

async function surveyRest(browser) {
  await customer(browser, async page => {
    await page.goto(env.SURVEY);
    say(await page.locator('input[name=n_satisfaction][value="4"]').isChecked(),
        'what was answered before is filled in', 'not checked');
    say(await page.getByLabel('Cheese').isChecked(), 'a choice of several too', 'not checked');
    same('progress is told', await page.locator('.progress p').textContent(),
         '2 of 5 questions answered');
    await page.locator('input[name=n_recommend][value="9"]').check({ force: true });
    await page.getByLabel('A friend told me').check();
    await page.locator('textarea').fill('The bottles <b>rattle</b> & "sing"');
    await page.locator('button').click();
    say(await page.locator('body').textContent().then(t => t.includes('We read every one')),
        'the rest is sent and thanked for', await page.locator('main').textContent());
    await page.goto(env.SURVEY);
    same('words come back as they were written', await page.locator('textarea').inputValue(),
         'The bottles <b>rattle</b> & "sing"');
  });
}

// Nothing but keys, from the top of the page to the sent form.
async function keyboard(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'ko' });
  const page = await context.newPage();
  const focus = () => page.evaluate(() => {
    const e = document.activeElement;
    return [e.tagName, e.name || '', e.value || '', e.className || ''].join(' ').trim();
  });
  const tabTo = async start => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if ((await focus()).startsWith(start)) return true;
    }
    return false;
  };
  await page.goto(env.SURVEY_KO);
  same('the page speaks the customer\'s language', await page.locator('html').getAttribute('lang'),
       'ko');
  await page.keyboard.press('Tab');
  same('the first stop is the skip link', await focus(), 'A   skip');
  await page.keyboard.press('Enter');
  say(page.url().endsWith('#main'), 'which leads to the content', page.url());
  say(await tabTo('INPUT n_satisfaction'), 'the scale is reached', await focus());
  await page.keyboard.press('Space');
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight');
  const ring = await page.evaluate(() => {
    const s = getComputedStyle(document.activeElement.nextElementSibling);
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  });
  say(ring, 'focus is seen', 'no outline');
  say(await page.locator('input[name=n_satisfaction][value="3"]').isChecked(),
      'arrows choose', await focus());
  say(await tabTo('INPUT n_recommend'), 'the next question is reached', await focus());
  await page.keyboard.press('Space');
  say(await tabTo('INPUT m_products'), 'several may be chosen', await focus());
  await page.keyboard.press('Space');
  say(await tabTo('TEXTAREA'), 'words are reached', await focus());
  await page.keyboard.type('잘 받고 있습니다');
  say(await tabTo('BUTTON'), 'so is the button', await focus());
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  same('the survey is sent', await page.locator('h1').textContent(), '감사합니다');
  await context.close();
}

async function preferences(browser) {
  await customer(browser, async page => {
    await page.goto(env.PREFERENCES);
    const mail = page.locator('input[value="email/marketing"][type=checkbox]');
    const sms = page.locator('input[value="sms/marketing"][type=checkbox]');
    say(await mail.isChecked(), 'what was agreed to is ticked', 'not checked');
    say(!await sms.isChecked(), 'what was not is not', 'checked');
    say(await page.locator('form').textContent().then(t => !t.includes('kim@cust.example')),
        'addresses are only hinted at', await page.locator('form').textContent());
    await mail.uncheck();
    await sms.check();
    await page.getByRole('button', { name: 'Save preferences' }).click();
    say(at(page).includes('?done=1'), 'saving is answered with a redirect', at(page));
    say(!await mail.isChecked() && await sms.isChecked(), 'and is in force', 'not changed');
  });
}

async function stop(browser) {
  await customer(browser, async page => {
    await page.goto(env.PREFERENCES);
    await page.getByRole('button', { name: 'Stop everything' }).click();
    say(at(page).includes('done=stop'), 'everything is stopped by one press', at(page));
    same('nothing is ticked any more', await page.locator('input[type=checkbox]:checked').count(), 0);
  });
}

async function optOut(browser) {
  await customer(browser, async page => {
    await page.goto(env.UNSUBSCRIBE_KO);
    same('opting out asks first, in Korean', await page.locator('h1').textContent(),
         '이 메시지를 그만 받으시겠습니까?');
    same('one button', await page.locator('button').count(), 1);
    await page.locator('button').click();
    same('and is done by it', await page.locator('h1').textContent(), '수신거부가 완료되었습니다');
    await page.goto(env.UNSUBSCRIBE_KO);
    say(await page.locator('.done').count() === 1, 'coming back says that it is done already',
        await page.locator('main').textContent());
  });
}

async function contact(browser) {
  await customer(browser, async page => {
    await page.goto(beside(env.PAGE, 'k'));
    await page.locator('#reply-to').fill('not an address');
    await page.locator('button').click();
    same('both faults are listed', await page.locator('.faults a').count(), 2);
    same('what was written stays', await page.locator('#reply-to').inputValue(), 'not an address');
    await page.locator('#words').fill('Please ring the bell.\nThank you!');
    await page.locator('#reply-to').fill('kim.other@cust.example');
    await page.locator('button').dblclick();
    await page.waitForURL(/done=1/);
    same('words are taken', await page.locator('h1').textContent(), 'Your message has reached us');
  });
}

async function walk(browser) {
  await customer(browser, async page => {
    await page.goto(env.PAGE);
    same('the message names itself', await page.locator('h1').textContent(),
         'Your milk, Kim Minji');
    for (const [word, title] of [['Survey', 'Survey'], ['Inbox', 'Your inbox'],
                                 ['Preferences', 'Your preferences'],
                                 ['Contact us', 'Write to us']]) {
      await page.locator('.ways').getByRole('link', { name: word }).click();
      same(`a link leads to: ${word}`, await page.locator('h1').textContent(), title);
    }
    await page.locator('.ways').getByRole('link', { name: 'Inbox' }).click();
    await page.locator('.messages a').first().click();
    say(await page.locator('article').count() === 1, 'the inbox leads to a message', page.url());
    await page.getByRole('link', { name: '한국어' }).click();
    same('the language is changed', await page.locator('html').getAttribute('lang'), 'ko');
    await page.locator('.ways').getByRole('link', { name: '받은 메시지' }).click();
    same('and stays so', await page.locator('html').getAttribute('lang'), 'ko');
  });
}

const steps = { look, walk, keyboard, preferences, stop, contact, 'survey-half': surveyHalf,
                'survey-rest': surveyRest, 'opt-out': optOut };

(async () => {
  const browser = await chromium.launch({
    executablePath: env.FL_CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox']
  });
  try {
    await steps[process.argv[2]](browser);
  } catch (e) {
    say(false, process.argv[2], e.message);
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
})();
