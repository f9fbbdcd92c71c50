export * from '../../record/record-uid.ts';
